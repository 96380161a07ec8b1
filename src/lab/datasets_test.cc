#include "lab/datasets.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <bzlib.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/temporary_directory.h"
#include "lab/bzip2.h"

namespace slm::lab {
namespace {

namespace fs = std::filesystem;

class DataSets : public ::testing::Test {
 protected:
  void write(const std::string& path, std::string_view content) { temporary_.write(path, std::string(content)); }
  Result<DataSet<ChoiceItem>> load(std::string_view task) { return find_choice_task(task)->load({directory_}); }

  const TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path();
};

const char kPiqaLine[] = R"({"goal": "Boil an egg", "sol1": "in water", "sol2": "in sand"})" "\n";

std::string compress(const std::string& text) {
  std::string out(text.size() + 1'000, '\0');
  auto size = static_cast<unsigned>(out.size());
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(text.data()), static_cast<unsigned>(text.size()), 9, 0, 0), BZ_OK);
  out.resize(size);
  return out;
}

std::string smoke() { return SLM_SOURCE_DIR "/data/smoke"; }
std::string whole() { return SLM_SOURCE_DIR "/../shared/datasets"; }

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

TEST_F(DataSets, ReadsHellaSwagPackedAndPlain) {
  const std::string text = "Cook: She stirs. she\n2\nsings.\nflies.\neats.\nsleeps.\n";
  write("hellaswag/hellaswag_val_full.txt", text);
  const auto plain = load("hellaswag");
  ASSERT_TRUE(plain) << plain.error().text();
  write("hellaswag/hellaswag_val_full.txt.bz2", compress(text));
  const auto packed = load("hellaswag");
  ASSERT_TRUE(packed) << packed.error().text();
  EXPECT_TRUE(packed->source.ends_with(".bz2"));
  for (const auto& set : {*plain, *packed}) {
    ASSERT_EQ(set.items.size(), 1u);
    EXPECT_EQ(set.items[0].context, "Cook: She stirs. She");
    EXPECT_EQ(set.items[0].endings, (std::vector<std::string>{"sings.", "flies.", "eats.", "sleeps."}));
    EXPECT_EQ(set.items[0].label, 2u);
  }
}

TEST_F(DataSets, ReadsPiqa) {
  write("piqa/valid.jsonl", std::string(kPiqaLine) + kPiqaLine);
  write("piqa/valid-labels.lst", "0\n1\n");
  const auto set = load("piqa");
  ASSERT_TRUE(set) << set.error().text();
  ASSERT_EQ(set->items.size(), 2u);
  EXPECT_EQ(set->items[1].context, "Question: Boil an egg\nAnswer:");
  EXPECT_EQ(set->items[1].endings, (std::vector<std::string>{"in water", "in sand"}));
  EXPECT_EQ(set->items[1].label, 1u);
  EXPECT_EQ(set->items[1].id, 1u);
}

TEST_F(DataSets, DamageIsNamedWithItsPlace) {
  const auto error_of = [&](std::string_view task) {
    const auto set = load(task);
    EXPECT_FALSE(set);
    return set ? std::string() : std::string(kind_name(set.error().kind)) + " " + set.error().text(Language::kEnglish);
  };
  write("hellaswag/hellaswag_val_full.txt", "a\n2\nb\n");
  EXPECT_NE(error_of("hellaswag").find("3 lines"), std::string::npos);
  write("hellaswag/hellaswag_val_full.txt", "a: b\n4\nb\nc\nd\ne\n");
  EXPECT_NE(error_of("hellaswag").find("line 2"), std::string::npos);
  write("hellaswag/hellaswag_val_full.txt", "a: b\n1\nb\n\nd\ne\n");
  EXPECT_NE(error_of("hellaswag").find("line 4"), std::string::npos);
  write("hellaswag/hellaswag_val_full.txt", "");
  EXPECT_NE(error_of("hellaswag").find("corrupt"), std::string::npos);
  write("hellaswag/hellaswag_val_full.txt", "a: b\n1\nb\n\xFF\nd\ne\n");
  EXPECT_NE(error_of("hellaswag").find("byte 9"), std::string::npos);

  write("piqa/valid.jsonl", std::string(kPiqaLine) + "{\"goal\": 3}\n");
  write("piqa/valid-labels.lst", "0\n1\n");
  EXPECT_NE(error_of("piqa").find("line 2: \"goal\""), std::string::npos);
  write("piqa/valid.jsonl", std::string(kPiqaLine) + "{\"goal\": \n");
  EXPECT_NE(error_of("piqa").find("line 2"), std::string::npos);
  write("piqa/valid.jsonl", kPiqaLine);
  EXPECT_NE(error_of("piqa").find("2 labels"), std::string::npos);
  write("piqa/valid-labels.lst", "2\n");
  EXPECT_NE(error_of("piqa").find("line 1: \"label\""), std::string::npos);
  fs::remove(directory_ + "/piqa/valid-labels.lst");
  EXPECT_NE(error_of("piqa").find("not_found"), std::string::npos);
}

TEST_F(DataSets, SubsetsAreCheckedToo) {
  for (const char* line : {"[]", "{\"id\": -1}", "{\"id\": 1, \"context\": \"a\", \"label\": 4, \"endings\": [\"a\", \"b\", \"c\", \"d\"]}",
                           "{\"id\": 1, \"context\": \"a\", \"label\": 1, \"endings\": [\"a\", \"b\", \"c\"]}",
                           "{\"id\": 1, \"context\": \"a\", \"label\": 1, \"endings\": [\"a\", \"b\", \"c\", 4]}",
                           "{\"id\": 1, \"context\": \"\", \"label\": 1, \"endings\": [\"a\", \"b\", \"c\", \"d\"]}"}) {
    write("hellaswag.jsonl", line);
    const auto set = load("hellaswag");
    ASSERT_FALSE(set) << line;
    EXPECT_EQ(set.error().kind, ErrorKind::kCorrupt) << line;
  }
  const std::string twice = R"({"id": 7, "label": 0, "goal": "a", "sol1": "b", "sol2": "c"})" "\n";
  write("piqa.jsonl", twice + twice);
  ASSERT_FALSE(load("piqa"));
  write("piqa.jsonl", twice);
  EXPECT_TRUE(load("piqa"));
}

TEST_F(DataSets, LanguagesMustHaveTheSameSentences) {
  write("flores/eng_Latn.devtest", "One.\nTwo.\n");
  write("flores/zho_Hans.devtest", "一。\n");
  const auto differ = load_parallel({directory_}, {"eng_Latn", "zho_Hans"});
  ASSERT_FALSE(differ);
  EXPECT_EQ(differ.error().kind, ErrorKind::kCorrupt);
  write("flores/zho_Hans.devtest", "一。\n二。");
  const auto set = load_parallel({directory_}, {"zho_Hans", "eng_Latn"});
  ASSERT_TRUE(set) << set.error().text();
  EXPECT_EQ(set->items[1].texts, (std::vector<std::string>{"二。", "Two."}));
}

TEST_F(DataSets, MissingDataSaysWhereItLooked) {
  const auto set = load("piqa");
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().kind, ErrorKind::kNotFound);
  EXPECT_NE(set.error().text().find(directory_), std::string::npos);
  EXPECT_FALSE(set.error().hint.empty());
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

TEST(Subset, SmallerLimitsArePartsOfLargerOnes) {
  struct Item {
    uint32_t id;
  };
  std::vector<Item> items(1'000), reversed;
  for (uint32_t i = 0; i < 1'000; ++i) items[i].id = i;
  reversed.assign(items.rbegin(), items.rend());
  const auto large = select_items(items, 100, 5), small = select_items(reversed, 20, 5), other = select_items(items, 20, 6);
  ASSERT_EQ(large.size(), 100u);
  ASSERT_EQ(small.size(), 20u);
  int same = 0;
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(small[i].id, large[i].id);
    same += other[i].id == large[i].id;
  }
  EXPECT_LT(same, 20);
}

TEST(SmokeItems, AreWhole) {
  EXPECT_EQ(find_choice_task("hellaswag")->load({smoke()}).value().items.size(), 100u);
  EXPECT_EQ(find_choice_task("piqa")->load({smoke()}).value().items.size(), 100u);
  EXPECT_EQ(load_parallel({smoke()}, {"eng_Latn", "zho_Hans"}).value().items.size(), 200u);
}

// A bare clone and a machine with the whole sets measure the same items.
TEST(SmokeItems, AreTheOnesChosenFromWholeSets) {
  if (!fs::is_directory(whole() + "/hellaswag")) GTEST_SKIP() << "no ../shared/datasets beside the checkout";
  for (const ChoiceTask& task : choice_tasks()) {
    const auto part = select_items(task.load({smoke()}).value().items, 100, kSubsetSeed);
    const auto chosen = select_items(task.load({whole()}).value().items, 100, kSubsetSeed);
    ASSERT_EQ(part.size(), chosen.size());
    for (size_t i = 0; i < part.size(); ++i) {
      EXPECT_EQ(part[i].id, chosen[i].id) << task.name;
      EXPECT_EQ(part[i].context, chosen[i].context);
      EXPECT_EQ(part[i].endings, chosen[i].endings);
      EXPECT_EQ(part[i].label, chosen[i].label);
    }
  }
  const std::vector<std::string> languages = {"eng_Latn", "zho_Hans"};
  const auto part = select_items(load_parallel({smoke()}, languages).value().items, 200, kSubsetSeed);
  const auto chosen = select_items(load_parallel({whole()}, languages).value().items, 200, kSubsetSeed);
  for (size_t i = 0; i < part.size(); ++i) {
    EXPECT_EQ(part[i].id, chosen[i].id);
    EXPECT_EQ(part[i].texts, chosen[i].texts);
  }
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
