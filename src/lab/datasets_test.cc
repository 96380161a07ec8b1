#include "lab/datasets.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <bzlib.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/temporary_directory.h"
#include "lab/data_directories.h"
#include "lab/bzip2.h"

namespace slm::lab {
namespace {

namespace fs = std::filesystem;

class DataSets : public ::testing::Test {
 protected:
  const TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path();
};

std::string compress(const std::string& text) {
  std::string out(text.size() + 1'000, '\0');
  auto size = static_cast<unsigned>(out.size());
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(text.data()), static_cast<unsigned>(text.size()), 9, 0, 0), BZ_OK);
  out.resize(size);
  return out;
}

std::string smoke() { return SLM_SOURCE_DIR "/data/smoke"; }

TEST(HellaSwagText, IsCleanedAsTheHarnessDoes) {
  EXPECT_EQ(clean_hellaswag(" How to swim [title] Go in. [step] Slowly  now "), "How to swim. Go in. Slowly now");
  EXPECT_EQ(clean_hellaswag("a [b"), "a [b");
  EXPECT_EQ(clean_hellaswag("a ] b"), "a ] b");
  EXPECT_EQ(clean_hellaswag("[x]"), "");
  EXPECT_EQ(clean_hellaswag(""), "");
  EXPECT_EQ(clean_hellaswag(std::string(200'000, '[')), std::string(200'000, '['));
}

TEST(HellaSwagText, LastFragmentBeginsWithACapital) {
  EXPECT_EQ(hellaswag_context("Roof: A man sits. He waves. he"), "Roof: A man sits. He waves. He");
  EXPECT_EQ(hellaswag_context("Roof: A man sits. He"), "Roof: A man sits. He");
  EXPECT_EQ(hellaswag_context("Roof: a man sits"), "Roof: a man sits");
  EXPECT_EQ(hellaswag_context("Roof: a man sits. "), "Roof: a man sits.");
}

TEST_F(DataSets, ADirectoryThatIsNoneIsNamed) {
  const auto directories = data_directories(directory_ + "/none");
  ASSERT_FALSE(directories);
  EXPECT_EQ(directories.error().kind, ErrorKind::kNotFound);
}

TEST_F(DataSets, GivenDirectoriesComeFirstAndTheRepositorysLast) {
  ASSERT_EQ(setenv("SLM_DATA_DIR", smoke().c_str(), 1), 0);
  const auto directories = data_directories(directory_);
  unsetenv("SLM_DATA_DIR");
  ASSERT_TRUE(directories) << directories.error().text();
  ASSERT_GE(directories->size(), 3u);
  EXPECT_EQ((*directories)[0], directory_);
  EXPECT_EQ((*directories)[1], smoke());
  EXPECT_TRUE(directories->back().ends_with("/data/smoke"));
}

TEST(Bzip2, ReadsOneStreamAndSeveral) {
  const std::string packed = compress("one ") + compress("two");
  EXPECT_EQ(decompress_bzip2(packed, "x").value(), "one two");
}

TEST(Bzip2, DamageEndsInAnError) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += std::to_string(i * 7919) + " ";
  const std::string packed = compress(text);
  EXPECT_FALSE(decompress_bzip2("", "x"));
  EXPECT_FALSE(decompress_bzip2("not bzip2", "x"));
  for (size_t length = 1; length < packed.size(); length += 97) {
    EXPECT_FALSE(decompress_bzip2(std::string_view(packed).substr(0, length), "x")) << length;
  }
  for (size_t at = 0; at < packed.size(); at += 101) {
    std::string damaged = packed;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const auto result = decompress_bzip2(damaged, "x");  // the checksum of a block finds it
    EXPECT_FALSE(result) << at;
  }
}

TEST(Bzip2, ABombStopsAtTheLimit) {
  const std::string bomb = compress(std::string(3'000'000, 'x'));
  ASSERT_LT(bomb.size(), 1'000u);
  const auto result = decompress_bzip2(bomb, "x", 1'000'000);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kDoesNotFit);
}

}  // namespace
}  // namespace slm::lab
