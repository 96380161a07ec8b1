#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/files.h"
#include "base/temporary_directory.h"
#include "hub/data/data_pull.h"
#include "hub/digest.h"
#include "net/testing/scripted_server.h"

namespace slm::hub {
namespace {

using net::ScriptedServer;

constexpr std::string_view kFirst = "{\"question\": 1}\n", kSecond = "<labels>\n";
constexpr Patience kShort{.without_progress = 1, .stall_seconds = 1, .first_pause = 0.01, .longest_pause = 0.02, .dead_seconds = 1};

std::string hex_of(std::string_view text) {
  Sha256 digest;
  digest.add(std::as_bytes(std::span(text)));
  return digest.hex();
}

ScriptedServer::Reply served(std::string_view body, const std::string& status = "200 OK") {
  return {"HTTP/1.1 " + status + "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + std::string(body)};
}

class DataPull : public testing::Test {
 protected:
  // Two files at `urls`, each address with the file's name behind it.
  DataSet set_at(const std::vector<std::string>& urls) const {
    DataSet set{.name = "tiny", .title = "Tiny", .license = "MIT", .limit = "", .source = "me/tiny @1", .files = {}};
    for (const auto& [name, text] : {std::pair{"tiny/a.jsonl", kFirst}, {"tiny/b.lst", kSecond}}) {
      DataFile file{name, {}, text.size(), hex_of(text)};
      for (const std::string& url : urls) file.addresses.push_back(url + name);
      set.files.push_back(std::move(file));
    }
    return set;
  }
  Result<uint64_t> pull(const DataSet& set, const Patience& patience = kShort) { return pull_data(set, layout_, {}, {}, patience); }
  std::string text_of(const std::string& file) const { return read_text_file(data_directory(layout_) + "/" + file).value_or("-"); }
  bool is_seen() const { return std::filesystem::exists(data_directory(layout_) + "/tiny"); }

  TemporaryDirectory home_;
  Layout layout_{home_.path()};
};

TEST_F(DataPull, BringsEveryFileOnce) {
  ScriptedServer server({served(kFirst), served(kSecond)});
  const DataSet set = set_at({server.url("/")});
  EXPECT_FALSE(has_data(set, layout_));
  EXPECT_EQ(data_bytes_missing(set, layout_), set.bytes());
  const auto came = pull(set);
  ASSERT_TRUE(came) << came.error().text();
  EXPECT_EQ(*came, kFirst.size() + kSecond.size());
  EXPECT_EQ(text_of("tiny/a.jsonl"), kFirst);
  EXPECT_EQ(text_of("tiny/b.lst"), kSecond);
  EXPECT_TRUE(has_data(set, layout_));
  EXPECT_EQ(pull(set).value_or(99), 0u);
  EXPECT_EQ(server.requests().size(), 2u);
  EXPECT_TRUE(std::filesystem::is_empty(layout_.blobs() + "/.part"));
}

// No task may read half a set as if it were the whole.
TEST_F(DataPull, IsNotSeenBeforeItIsWhole) {
  ScriptedServer server({served(kFirst), served("no such file", "404 Not Found")});
  const DataSet set = set_at({server.url("/")});
  const auto failed = pull(set);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::kNotFound);
  EXPECT_NE(failed.error().text(Language::kEnglish).find("b.lst"), std::string::npos) << failed.error().text();
  EXPECT_FALSE(is_seen());
  EXPECT_EQ(data_bytes_missing(set, layout_), kSecond.size());

  ScriptedServer again({served(kSecond)});  // the first file does not come again
  const auto came = pull(set_at({again.url("/")}));
  ASSERT_TRUE(came) << came.error().text();
  EXPECT_EQ(*came, kSecond.size());
  EXPECT_TRUE(is_seen());
}

TEST_F(DataPull, OtherBytesAreRefused) {
  const std::string other(kFirst.size(), 'x');
  ScriptedServer server({served(other)});
  const auto failed = pull(set_at({server.url("/")}));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::kCorrupt);
  EXPECT_FALSE(is_seen());
}

TEST_F(DataPull, GoesOnAtTheNextAddress) {
  ScriptedServer gone({served("gone", "404 Not Found")}), server({served(kFirst), served(kSecond)});
  const auto came = pull(set_at({gone.url("/"), server.url("/")}));
  ASSERT_TRUE(came) << came.error().text();
  EXPECT_TRUE(is_seen());
  EXPECT_EQ(gone.requests().size(), 2u);
}

TEST_F(DataPull, AsksTheMirrorFirst) {
  ScriptedServer mirror({served(kFirst), served(kSecond)});
  setenv("SLM_DATA_MIRROR", mirror.url("/sets/").c_str(), 1);
  const auto came = pull(set_at({"http://127.0.0.1:1/"}));
  unsetenv("SLM_DATA_MIRROR");
  ASSERT_TRUE(came) << came.error().text();
  ASSERT_EQ(mirror.requests().size(), 2u);
  EXPECT_TRUE(mirror.requests()[0].starts_with("GET /sets/tiny/a.jsonl ")) << mirror.requests()[0];
}

TEST_F(DataPull, AChangedFileIsFoundAndComesAgain) {
  ScriptedServer server({served(kFirst), served(kSecond), served(kSecond)});
  const DataSet set = set_at({server.url("/")});
  ASSERT_TRUE(pull(set));
  ASSERT_TRUE(verify_data(set, layout_, {}));
  std::ofstream(data_directory(layout_) + "/tiny/b.lst") << std::string(kSecond.size(), '?');
  const Status found = verify_data(set, layout_, {});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(found.error().text(Language::kEnglish).find(set.files[1].sha256), std::string::npos);
  EXPECT_EQ(pull(set).value_or(0), kSecond.size());
  EXPECT_TRUE(verify_data(set, layout_, {}));
}

TEST_F(DataPull, IsRemovedWhole) {
  const DataSet set = set_at({"http://127.0.0.1:1/"});
  const Status nothing = remove_data(set, layout_);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().kind, ErrorKind::kNotFound);
  ScriptedServer server({served(kFirst), served(kSecond)});
  ASSERT_TRUE(pull(set_at({server.url("/")})));
  EXPECT_TRUE(remove_data(set, layout_));
  EXPECT_FALSE(is_seen());
}

TEST_F(DataPull, TwoAtOnceFetchItOnce) {
  ScriptedServer server({served(kFirst), served(kSecond)});
  const DataSet set = set_at({server.url("/")});
  Result<uint64_t> other = uint64_t{0};
  std::thread second([&] { other = pull(set); });
  const auto came = pull(set);
  second.join();
  ASSERT_TRUE(came && other);
  EXPECT_EQ(*came + *other, set.bytes());
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(DataSets, AreReadFromTheProgram) {
  ASSERT_GE(data_sets().size(), 14u);
  const DataSet* set = find_data_set("data:piqa");
  ASSERT_NE(set, nullptr);
  EXPECT_EQ(set, find_data_set("piqa"));
  EXPECT_EQ(set->license, "AFL-3.0");
  ASSERT_EQ(set->files.size(), 2u);
  EXPECT_EQ(set->files[1].addresses[0].rfind("https://", 0), 0u);
  EXPECT_TRUE(set->files[1].addresses[0].ends_with("/ybisk/ybisk.github.io/21edab4/piqa/data/valid.jsonl")) << set->files[1].addresses[0];
  EXPECT_EQ(find_data_set("cmmlu")->limit, "non-commercial");
  EXPECT_EQ(find_data_set("data:none"), nullptr);
  EXPECT_EQ(pinned_digest("piqa/valid.jsonl"), "93503cc97c679e459b065c3d13e848282e44b2a25213985bed3e5d458abef72d");
  EXPECT_EQ(pinned_digest("piqa/valid"), "");
  EXPECT_EQ(pinned_digest("gsm8k.jsonl"), "");
}

TEST(DataSets, AFileOutsideItsFolderOrWithoutADigestIsRefused) {
  const auto with_file = [](const std::string& file, const std::string& digest) {
    return R"({"addresses": ["https://h/{repository}/{commit}/{path}"], "sets": [{"name": "a", "title": "A", "license": "MIT", "limit": "", "repository": "o/r",
              "commit": "1", "files": [{"file": ")" + file + R"(", "path": "b c", "bytes": 1, "sha256": ")" + digest + R"("}]}]})";
  };
  const std::string digest(64, 'a');
  const auto good = parse_data_sets(with_file("a/b", digest));
  ASSERT_TRUE(good) << good.error().text();
  EXPECT_EQ(good->front().files[0].addresses[0], "https://h/o/r/1/b%20c");
  for (const std::string file : {"b", "a/../b", "/a/b", "a/", "a//b", "a/./b", "ab/c"}) {
    const auto bad = parse_data_sets(with_file(file, digest));
    ASSERT_FALSE(bad) << file;
    EXPECT_EQ(bad.error().kind, ErrorKind::kCorrupt);
  }
  EXPECT_FALSE(parse_data_sets(with_file("a/b", "abc")));
  EXPECT_FALSE(parse_data_sets("{}"));
  EXPECT_FALSE(parse_data_sets(R"({"addresses": [], "sets": []})"));
}

}  // namespace
}  // namespace slm::hub
