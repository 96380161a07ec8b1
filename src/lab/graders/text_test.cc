#include "lab/graders/text.h"

#include <gtest/gtest.h>

namespace slm::lab {
namespace {

TEST(GradeExact, WhitespaceAroundDoesNotCount) {
  EXPECT_EQ(grade_exact({"", " Paris\n", "Paris"})->value, 1);
  EXPECT_EQ(grade_exact({"", "paris", "Paris"})->value, 0);
  EXPECT_EQ(grade_exact({"", "Paris.", "Paris"})->value, 0);
  EXPECT_EQ(grade_exact({"", "Lutetia", R"(["Paris", "Lutetia"])"})->value, 1);
  EXPECT_EQ(grade_exact({"", "[1", "[1"})->value, 1);  // no JSON: a text
  EXPECT_EQ(grade_exact({"", " ", "Paris"})->marks, std::vector<std::string>{"no_answer"});
}

TEST(GradeContains, InEitherCase) {
  EXPECT_EQ(grade_contains({"", "The capital is PARIS, of course", "Paris"})->value, 1);
  EXPECT_EQ(grade_contains({"", "首都是北京。", "北京"})->value, 1);
  EXPECT_EQ(grade_contains({"", "London", R"(["Paris", "lond"])"})->value, 1);
  EXPECT_EQ(grade_contains({"", "Rome", "Paris"})->value, 0);
}

TEST(GradeRegex, FirstGroupIsWhatWasRead) {
  const auto found = grade_regex({"", "total: 42 eggs", R"(total: (\d+))"});
  EXPECT_EQ(found->value, 1);
  EXPECT_EQ(found->extracted, "42");
  EXPECT_EQ(grade_regex({"", "total: 42", R"(^\w+: \d+$)"})->extracted, "total: 42");
  EXPECT_EQ(grade_regex({"", "none", R"(\d)"})->value, 0);
  EXPECT_EQ(grade_regex({"", "四十二", R"(^\p{Han}+$)"})->value, 1);
}

TEST(GradeRegex, ABadPatternIsNamed) {
  const auto bad = grade_regex({"", "x", "(a"});
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().text(Language::kEnglish).find("(a"), std::string::npos);
}

TEST(GradeRegex, CatastrophicPatternsTakeLinearTime) {
  EXPECT_EQ(grade_regex({"", std::string(100'000, 'a'), "^(a+)+$b"})->value, 0);
}

TEST(TextGraders, AnEmptyReferenceIsAnError) {
  EXPECT_FALSE(grade_exact({"", "x", " "}));
  EXPECT_FALSE(grade_contains({"", "x", R"(["a", ""])"}));
}

}  // namespace
}  // namespace slm::lab
