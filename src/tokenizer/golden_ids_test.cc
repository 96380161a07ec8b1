// Ids against the original tokenizers' (tests/golden/tokenizer). The vocabularies are too large to keep here: they come from
// ../shared/tokenizers through tools/make_model, and SmolLM2's from the real file in SLM_TEST_WEIGHTS.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "base/process.h"
#include "tokenizer/tokenizer.h"

namespace slm {
namespace {

const std::string kGolden = SLM_SOURCE_DIR "/tests/golden/tokenizer/";

Json read_golden(const std::string& name) {
  const auto text = read_text_file(kGolden + name);
  EXPECT_TRUE(text) << name;
  return *parse_json(*text);
}

struct Family {
  std::string name, architecture;
};
void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

// The file with a folder's vocabulary; made where missing, published by rename since tests run side by side.
std::string made_file(const Family& family) {
  const std::string folder = SLM_BINARY_DIR "/test-tokenizers", path = folder + "/" + family.name + ".gguf";
  if (std::filesystem::exists(path)) return path;
  std::filesystem::create_directories(folder);
  const std::string partial = path + "." + std::to_string(getpid());
  ChildOptions options;
  options.argv = {SLM_MAKE_MODEL, "--family", family.architecture, "--preset", "tiny", "--type", "Q4_0", "--tokenizer",
                  SLM_SOURCE_DIR "/../shared/tokenizers/" + family.name, partial};
  const auto done = run_child(options);
  EXPECT_TRUE(done && done->exit_code == 0) << (done ? done->error_output : done.error().text());
  std::filesystem::rename(partial, path);
  return path;
}

void expect_golden_ids(const std::string& path, const std::string& name, bool adds_bos_itself) {
  const auto file = gguf::File::open(path);
  ASSERT_TRUE(file) << file.error().text();
  const auto tokenizer = Tokenizer::open(**file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().text();
  const Json texts = read_golden("texts.json"), expected = read_golden(name + ".json");
  ASSERT_EQ(texts.size(), expected.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string text = texts[i];
    const auto ids = (*tokenizer)->encode(text, {.special = true, .add_bos = adds_bos_itself});
    EXPECT_EQ(Json(ids), expected[i]) << to_text(texts[i]);
  }
}

class GoldenIds : public testing::TestWithParam<Family> {};

TEST_P(GoldenIds, AreTheOriginals) {
  const Family& family = GetParam();
  if (!std::filesystem::exists(SLM_SOURCE_DIR "/../shared/tokenizers/" + family.name))
    GTEST_SKIP() << "../shared/tokenizers is not here";
  expect_golden_ids(made_file(family), family.name, family.name.starts_with("gemma"));
}

INSTANTIATE_TEST_SUITE_P(Tokenizer, GoldenIds,
                         testing::Values(Family{"qwen2_5", "qwen2"}, Family{"qwen3", "qwen3"}, Family{"llama3", "llama"},
                                         Family{"gemma", "gemma"}, Family{"gemma3", "gemma3"}),
                         [](const auto& one) { return one.param.name; });

std::string real_file(const std::string& name) {
  const char* const folder = std::getenv("SLM_TEST_WEIGHTS");
  return folder == nullptr || *folder == '\0' ? "" : std::string(folder) + "/" + name;
}

TEST(RealFiles, SmolLm2) {
  const std::string path = real_file("smollm2-135m.gguf");
  if (path.empty()) GTEST_SKIP() << "SLM_TEST_WEIGHTS is not set";
  expect_golden_ids(path, "smollm", true);
}

TEST(RealFiles, Gemma3) {
  const std::string path = real_file("gemma3-270m.gguf");
  if (path.empty()) GTEST_SKIP() << "SLM_TEST_WEIGHTS is not set";
  expect_golden_ids(path, "gemma3", true);
}

}  // namespace
}  // namespace slm
