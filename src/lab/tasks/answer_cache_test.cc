#include "lab/tasks/answer_cache.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/temporary_directory.h"

namespace slm::lab {
namespace {

TEST(AnswerCache, GivesBackWhatWasKeptForTheKey) {
  const TemporaryDirectory directory;
  const std::string path = directory / "deep/below/answers.db";
  {
    const auto cache = AnswerCache::open(path);
    ASSERT_TRUE(cache) << cache.error().text();
    EXPECT_FALSE((*cache)->find("k")->has_value());
    ASSERT_TRUE((*cache)->keep("k", "value \u4E66"));
    ASSERT_TRUE((*cache)->keep("k", "newer"));
    ASSERT_TRUE((*cache)->keep("", std::string("a\0b", 3)));
  }
  const auto again = AnswerCache::open(path);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(**(*again)->find("k"), "newer");
  EXPECT_EQ(**(*again)->find(""), std::string("a\0b", 3));
  EXPECT_EQ(*(*again)->size(), 2u);
}

TEST(AnswerCache, TwoMayWrite) {
  const TemporaryDirectory directory;
  const auto one = AnswerCache::open(directory / "a.db"), other = AnswerCache::open(directory / "a.db");
  ASSERT_TRUE(one && other);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE((*one)->keep("one" + std::to_string(i), "1"));
    ASSERT_TRUE((*other)->keep("other" + std::to_string(i), "2"));
  }
  EXPECT_EQ(*(*one)->size(), 40u);
  EXPECT_EQ(**(*one)->find("other7"), "2");
}

TEST(AnswerCache, AFullDiskIsNamedAndLosesNothing) {
  const TemporaryDirectory directory;
  constexpr uint64_t kSmall = 64u << 10;
  const auto cache = AnswerCache::open(directory / "a.db", kSmall);
  ASSERT_TRUE(cache) << cache.error().text();
  const std::string value(3'000, 'v');
  uint64_t kept = 0;
  Status status;
  while (kept < 100 && (status = (*cache)->keep(std::to_string(kept), value))) ++kept;
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kDoesNotFit);
  EXPECT_NE(status.error().text(Language::kEnglish).find("a.db"), std::string::npos);
  ASSERT_GT(kept, 5u);
  const auto again = AnswerCache::open(directory / "a.db");
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(*(*again)->size(), kept);
  EXPECT_EQ(**(*again)->find("0"), value);
  EXPECT_TRUE((*again)->keep("more", value));  // there is room again
}

TEST(AnswerCache, AFileThatIsNoneIsNamed) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("a.db", std::string(4'096, 'x'));
  const auto cache = AnswerCache::open(path);
  ASSERT_FALSE(cache);
  EXPECT_EQ(cache.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(cache.error().text(Language::kEnglish).find(path), std::string::npos);
  EXPECT_FALSE(AnswerCache::open(directory.path()));  // a directory
}

TEST(AnswerCache, ALaterVersionsFileIsLeftAlone) {
  const TemporaryDirectory directory;
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((directory / "a.db").c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, "CREATE TABLE t(x); PRAGMA user_version=99", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
  const auto cache = AnswerCache::open(directory / "a.db");
  ASSERT_FALSE(cache);
  EXPECT_NE(cache.error().text(Language::kEnglish).find("99"), std::string::npos);
}

TEST(AnswerCache, KeysTellPartsApart) {
  EXPECT_NE(AnswerCache::key_of({"ab", "c"}), AnswerCache::key_of({"a", "bc"}));
  EXPECT_NE(AnswerCache::key_of({"a", ""}), AnswerCache::key_of({"a"}));
  EXPECT_EQ(AnswerCache::key_of({"a", "b"}), AnswerCache::key_of({"a", "b"}));
  EXPECT_EQ(AnswerCache::key_of({}).size(), 64u);
}

}  // namespace
}  // namespace slm::lab
