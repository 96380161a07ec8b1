#include "lab/graders/chrf.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"

namespace slm::lab {
namespace {

// tests/golden/chrf/README.md
TEST(GoldenChrf, IsSacrebleus) {
  const auto text = read_text_file(SLM_SOURCE_DIR "/tests/golden/chrf/chrf.jsonl");
  ASSERT_TRUE(text) << text.error().text();
  ChrfCounts all;
  size_t n = 0;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const auto row = parse_json(line);
    ASSERT_TRUE(row);
    if (row->contains("corpus")) {
      EXPECT_NEAR(chrf(all), (*row)["corpus"].get<double>(), 1e-9);
      continue;
    }
    const std::string answer = (*row)["answer"], reference = (*row)["reference"];
    const ChrfCounts counts = count_chrf(answer, reference);
    EXPECT_NEAR(chrf(counts), (*row)["chrf"].get<double>(), 1e-9) << line;
    all.add(counts);
    ++n;
  }
  EXPECT_EQ(n, 51u);
}

TEST(GradeChrf, ItsScaleIsAHundred) {
  EXPECT_EQ(grade_chrf({"", "the cat", "the cat"})->value, 100);
  EXPECT_EQ(grade_chrf({"", "", "the cat"})->value, 0);
  EXPECT_EQ(grade_chrf({"", " ", "the cat"})->marks, std::vector<std::string>{"no_answer"});
  EXPECT_FALSE(grade_chrf({"", "x", " "}));
}

TEST(GradeChrf, BytesThatAreNotTextAreCharactersToo) { EXPECT_GT(grade_chrf({"", "\xFF\xFEthe cat", "the cat"})->value, 50); }

}  // namespace
}  // namespace slm::lab
