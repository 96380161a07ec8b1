#include "lab/report/run_store.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "base/temporary_directory.h"
#include "lab/report/testing/example.h"

namespace slm::lab {
namespace {

using testing::comparison_of;
using testing::example;

// Any SQL, as another program might run it.
void run_sql(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}

void expect_error(const Error& error, ErrorKind kind, std::string_view key, const std::string& path) {
  EXPECT_EQ(error.kind, kind) << error.text();
  EXPECT_EQ(error.message.key, key) << error.text();
  EXPECT_NE(error.text().find(path), std::string::npos) << error.text();
}

TEST(RunStore, KeepsRunsAsTheyWere) {
  const TemporaryDirectory directory;
  const std::string path = directory / "deep/odd?name#%.sqlite";
  {
    auto store = RunStore::open(path);
    ASSERT_TRUE(store.has_value()) << store.error().text();
    EXPECT_EQ(*store->add(example()), 1);
    EXPECT_EQ(*store->add(comparison_of({})), 2);
  }
  EXPECT_TRUE(std::filesystem::exists(path));
  auto store = RunStore::open_to_read(path);
  ASSERT_TRUE(store.has_value()) << store.error().text();
  const auto runs = store->list();
  ASSERT_EQ(runs->size(), 2u);
  EXPECT_EQ((*runs)[0].model_a, "tiny:10m");
  EXPECT_EQ((*runs)[0].device, "Example CPU");
  EXPECT_EQ((*runs)[0].rows, static_cast<int64_t>(example()["rows"].size()));
  EXPECT_EQ((*runs)[0].bytes, static_cast<int64_t>(to_text(example()).size()));
  EXPECT_EQ((*runs)[0].time.size(), std::string("2026-01-01T00:00:00Z").size());
  EXPECT_EQ(*store->comparison(1), example());
  expect_error(store->comparison(7).error(), ErrorKind::kNotFound, "lab.report.no_run", path);
}

TEST(RunStore, SeedsKeepAllTheirBits) {
  const TemporaryDirectory directory;
  auto store = RunStore::open(directory / "runs.sqlite");
  Json comparison = comparison_of({});
  comparison["seed"] = 0xFFFF'FFFF'FFFF'FFFFull;
  ASSERT_TRUE(store->add(comparison).has_value());
  EXPECT_EQ(store->list()->front().seed, 0xFFFF'FFFF'FFFF'FFFFull);
  EXPECT_EQ((*store->comparison(1))["seed"], 0xFFFF'FFFF'FFFF'FFFFull);
}

TEST(RunStore, IdsAreNotGivenTwice) {
  const TemporaryDirectory directory;
  auto store = RunStore::open(directory / "runs.sqlite");
  ASSERT_TRUE(store->add(example()).has_value());
  ASSERT_TRUE(store->remove(1).has_value());
  EXPECT_EQ(store->remove(1).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(*store->add(example()), 2);
}

TEST(RunStore, RefusesWhatIsNoComparison) {
  const TemporaryDirectory directory;
  auto store = RunStore::open(directory / "runs.sqlite");
  EXPECT_EQ(store->add(Json::object()).error().kind, ErrorKind::kCorrupt);
  EXPECT_TRUE(store->list()->empty());
  // Kept text that was tampered with is not believed.
  ASSERT_TRUE(store->add(example()).has_value());
  run_sql(directory / "runs.sqlite", "UPDATE runs SET comparison = '{}'");
  EXPECT_EQ(store->comparison(1).error().kind, ErrorKind::kCorrupt);
  run_sql(directory / "runs.sqlite", "UPDATE runs SET comparison = '{\"rows\": ['");
  EXPECT_EQ(store->comparison(1).error().kind, ErrorKind::kCorrupt);
}

TEST(RunStore, ThereIsNoneToRead) {
  const TemporaryDirectory directory;
  expect_error(RunStore::open_to_read(directory / "none.sqlite").error(), ErrorKind::kNotFound, "lab.report.no_store", directory / "none.sqlite");
  EXPECT_FALSE(std::filesystem::exists(directory / "none.sqlite"));
}

TEST(RunStore, AFullDiskLosesNothing) {
  const TemporaryDirectory directory;
  const std::string path = directory / "runs.sqlite";
  auto store = RunStore::open(path);
  ASSERT_TRUE(store->add(comparison_of({})).has_value());
  ASSERT_TRUE(store->limit_pages(6).has_value());
  Json large = comparison_of({testing::row_of("maths", std::string(200'000, 'x'), "better")});
  const auto added = store->add(large);
  ASSERT_FALSE(added.has_value());
  expect_error(added.error(), ErrorKind::kDoesNotFit, "lab.report.store_full", path);
  EXPECT_EQ(store->list()->size(), 1u);
  EXPECT_TRUE(store->comparison(1).has_value());
  ASSERT_TRUE(store->limit_pages(100'000).has_value());
  EXPECT_TRUE(store->add(large).has_value());  // room again: the same store goes on
}

TEST(RunStore, NamesDamage) {
  const TemporaryDirectory directory;
  const std::string garbage = directory.write("garbage.sqlite", std::string(5000, 'g'));
  expect_error(RunStore::open(garbage).error(), ErrorKind::kCorrupt, "lab.report.store_damaged", garbage);
  expect_error(RunStore::open_to_read(garbage).error(), ErrorKind::kCorrupt, "lab.report.store_damaged", garbage);
  // A store cut short, and one with a page overwritten: an error or what was there, never a crash.
  const std::string path = directory / "runs.sqlite";
  {
    auto store = RunStore::open(path);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->add(example()).has_value());
  }
  const std::string whole = *read_text_file(path);
  for (const size_t length : {size_t{100}, size_t{4096}, whole.size() / 2, whole.size() - 4096}) {
    const std::string cut = directory.write("cut.sqlite", whole.substr(0, length));
    const auto store = RunStore::open_to_read(cut);
    const Result<Json> read = store ? store->comparison(5) : tl::unexpected<Error>(store.error());
    ASSERT_FALSE(read.has_value()) << length;
    EXPECT_EQ(read.error().kind, ErrorKind::kCorrupt) << length << " " << read.error().text();
  }
  std::string wrong = whole;
  wrong.replace(4096, 4096, std::string(4096, '\xA5'));
  const std::string overwritten = directory.write("wrong.sqlite", wrong);
  const auto store = RunStore::open_to_read(overwritten);
  const auto listed = store ? store->list() : tl::unexpected<Error>(store.error());
  ASSERT_FALSE(listed.has_value());
  EXPECT_EQ(listed.error().kind, ErrorKind::kCorrupt);
}

TEST(RunStore, IsNoOtherDatabase) {
  const TemporaryDirectory directory;
  const std::string path = directory / "other.sqlite";
  run_sql(path, "CREATE TABLE songs (title TEXT)");
  expect_error(RunStore::open(path).error(), ErrorKind::kCorrupt, "lab.report.no_run_store", path);
  expect_error(RunStore::open_to_read(path).error(), ErrorKind::kCorrupt, "lab.report.no_run_store", path);
}

TEST(RunStore, LeavesANewerVersionAlone) {
  const TemporaryDirectory directory;
  const std::string path = directory / "runs.sqlite";
  ASSERT_TRUE(RunStore::open(path)->add(example()).has_value());
  run_sql(path, "PRAGMA user_version = 99");
  expect_error(RunStore::open(path).error(), ErrorKind::kFailed, "lab.report.store_newer", path);
  expect_error(RunStore::open_to_read(path).error(), ErrorKind::kFailed, "lab.report.store_newer", path);
}

TEST(RunStore, WaitsForALockThenNamesIt) {
  const TemporaryDirectory directory;
  const std::string path = directory / "runs.sqlite";
  auto store = RunStore::open(path);
  ASSERT_TRUE(store.has_value());
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  std::thread release([other] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr);
  });
  EXPECT_TRUE(store->add(example()).has_value());  // waited
  release.join();
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto added = store->add(example());
  ASSERT_FALSE(added.has_value());
  expect_error(added.error(), ErrorKind::kFailed, "lab.report.store_locked", path);
  EXPECT_EQ(store->list()->size(), 1u);  // readers go on beside a writer
  sqlite3_close(other);
}

TEST(RunStore, TwoProcessesMayMakeItAtOnce) {
  const TemporaryDirectory directory;
  const std::string path = directory / "runs.sqlite";
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      auto store = RunStore::open(path);
      EXPECT_TRUE(store.has_value()) << store.error().text();
      if (store) {
        EXPECT_TRUE(store->add(comparison_of({})).has_value());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(RunStore::open_to_read(path)->list()->size(), 4u);
}

}  // namespace
}  // namespace slm::lab
