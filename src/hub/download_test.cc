#include "hub/download.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "base/files.h"
#include "base/temporary_directory.h"
#include "hub/chunk_map.h"
#include "hub/content_range.h"
#include "hub/digest.h"
#include "hub/journal.h"
#include "net/testing/scripted_server.h"

namespace slm::hub {
namespace {

using net::ScriptedServer;

constexpr std::string_view kFile = "GGUF0123456789";
constexpr Patience kImpatient{.without_progress = 5, .stall_bytes_per_second = 1024, .stall_seconds = 1.2, .first_pause = 0.01, .longest_pause = 0.05};

std::string digest_of(std::string_view text) {
  Sha256 digest;
  digest.add(std::as_bytes(std::span(text)));
  return digest.hex();
}

std::string reply(const std::string& status, const std::string& headers, std::string_view body) {
  return "HTTP/1.1 " + status + "\r\n" + headers + "\r\n" + std::string(body);
}

std::string whole(std::string_view file, const std::string& headers = "ETag: \"a\"\r\n") {
  return reply("200 OK", headers + "Content-Length: " + std::to_string(file.size()) + "\r\n", file);
}

std::string rest(std::string_view file, size_t from, const std::string& etag = "\"a\"") {
  const std::string range = std::to_string(from) + "-" + std::to_string(file.size() - 1) + "/" + std::to_string(file.size());
  return reply("206 Partial", "ETag: " + etag + "\r\nContent-Range: bytes " + range + "\r\nContent-Length: " + std::to_string(file.size() - from) + "\r\n",
               file.substr(from));
}

// Closes after six bytes.
std::string cut() { return reply("200 OK", "ETag: \"a\"\r\nContent-Length: 14\r\n", kFile.substr(0, 6)); }

class DownloadTest : public testing::Test {
 protected:
  Result<Downloaded> get(const ScriptedServer& server, const std::string& sha256 = "", const Patience& patience = kImpatient) {
    DownloadRequest request{.address = {server.url("/m.gguf?key=secret")}, .name = "m", .commit = commit_, .sha256 = sha256, .cancelled = &cancelled_};
    key_ = download_key(request);
    return download(request, layout_, {}, patience);
  }
  Error error_of(const ScriptedServer& server, const std::string& sha256 = "") {
    const auto got = get(server, sha256);
    EXPECT_FALSE(got);
    return got ? Error{} : got.error();
  }
  static Patience briefly() {
    Patience patience = kImpatient;
    patience.without_progress = 2;
    return patience;
  }
  std::string part() const {
    const auto text = read_text_file(layout_.partial(key_));
    return text ? *text : "";
  }

  TemporaryDirectory directory_;
  Layout layout_{directory_.path()};
  std::string commit_, key_;
  std::atomic<bool> cancelled_ = false;
};

TEST_F(DownloadTest, WholeFileWithItsDigest) {
  ScriptedServer server({{whole(kFile)}});
  const auto got = get(server, digest_of(kFile));
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->sha256, digest_of(kFile));
  EXPECT_EQ(got->received, kFile.size());
  EXPECT_EQ(part(), kFile);
}

TEST_F(DownloadTest, GoesOnWithinOneCall) {
  ScriptedServer server({{cut()}, {rest(kFile, 6)}});
  const auto got = get(server);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->sha256, digest_of(kFile));
  EXPECT_EQ(got->received, kFile.size());
  EXPECT_NE(server.requests().at(1).find("Range: bytes=6-\r\nIf-Range: \"a\"\r\n"), std::string::npos) << server.requests().at(1);
}

TEST_F(DownloadTest, GoesOnInTheNextCallAndOnlyWithTheSameFile) {
  ScriptedServer server({{cut()}, {"HTTP/1.1 503 Busy\r\nRetry-After: 900\r\nContent-Length: 0\r\n\r\n"}, {rest(kFile, 6)}});
  EXPECT_EQ(error_of(server).kind, ErrorKind::kNetwork);
  EXPECT_EQ(part(), kFile.substr(0, 6));
  const auto journal = read_journal(layout_.journal(key_));
  ASSERT_TRUE(journal);
  EXPECT_EQ(journal->etag, "\"a\"");
  EXPECT_EQ(journal->bytes, kFile.size());
  EXPECT_EQ(journal->url.find("secret"), std::string::npos);
  const auto got = get(server);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->received, kFile.size() - 6);
  EXPECT_EQ(got->sha256, digest_of(kFile));
}

TEST_F(DownloadTest, AnotherCommitOrBootOrAWeakEtagBeginsAnew) {
  for (const std::string what : {"commit", "boot", "etag", "damaged"}) {
    SCOPED_TRACE(what);
    ScriptedServer server({{cut()}, {"HTTP/1.1 503 Busy\r\nRetry-After: 900\r\nContent-Length: 0\r\n\r\n"}, {whole(kFile)}});
    commit_ = "one";
    error_of(server);
    auto journal = read_journal(layout_.journal(key_));
    ASSERT_TRUE(journal);
    if (what == "commit") commit_ = "two";
    if (what == "boot") journal->boot = "another";
    if (what == "etag") journal->etag = "W/\"a\"";
    ASSERT_TRUE(write_journal(layout_.journal(key_), *journal));
    if (what == "damaged") {
      ASSERT_TRUE(write_file_atomically(layout_.journal(key_), "{\"name\": 3"));
    }
    const auto got = get(server);
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(got->received, kFile.size());
    EXPECT_EQ(server.requests().at(2).find("Range:"), std::string::npos);
  }
}

TEST_F(DownloadTest, WithoutADigestAWeakOrNoEtagBeginsAnewWithinOneCall) {
  for (const std::string etag : {"ETag: W/\"a\"\r\n", ""}) {
    ScriptedServer server({{reply("200 OK", etag + "Content-Length: 14\r\n", kFile.substr(0, 6))}, {whole(kFile, etag)}});
    const auto got = get(server);
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(server.requests().at(1).find("Range:"), std::string::npos) << server.requests().at(1);
    EXPECT_EQ(got->sha256, digest_of(kFile));
    discard_partial(layout_, key_);
  }
  // Nor does a 206 count that does not say of which file it is.
  ScriptedServer server({{cut()}, {reply("206 Partial", "Content-Range: bytes 6-13/14\r\nContent-Length: 8\r\n", "????????")}, {whole(kFile)}});
  ASSERT_TRUE(get(server));
  EXPECT_EQ(part(), kFile);
}

TEST_F(DownloadTest, APageInPlaceOfTheRestKeepsThePart) {
  const std::string page = whole("Please log in", "Content-Type: text/plain\r\n");
  for (const std::string& other : {page, whole(kFile.substr(1), "")}) {
    for (const bool after_416 : {false, true}) {
      std::vector<ScriptedServer::Reply> replies = {{cut()}, {other}, {rest(kFile, 6)}};
      if (after_416) replies.insert(replies.begin() + 1, {"HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n"});
      ScriptedServer server(replies);
      EXPECT_EQ(error_of(server, digest_of(kFile)).kind, ErrorKind::kCorrupt);
      EXPECT_EQ(part(), kFile.substr(0, 6));
      const auto got = get(server, digest_of(kFile));
      ASSERT_TRUE(got) << got.error().text();
      EXPECT_EQ(got->received, 8u);
      discard_partial(layout_, key_);
    }
  }
}

TEST_F(DownloadTest, BeginningAnewAgainAndAgainIsNoProgress) {
  // Without ranges, cut after more or fewer bytes: never beyond the first try's.
  std::vector<ScriptedServer::Reply> replies;
  for (int i = 0; i < 400; ++i) replies.push_back({reply("200 OK", "Content-Length: 14\r\n", kFile.substr(0, i % 2 == 0 ? 6 : 5))});
  replies.push_back({whole(kFile)});
  ScriptedServer server(replies);
  Patience patience = briefly();
  patience.longest_pause = 0.02;
  const auto got = get(server, "", patience);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kNetwork);
  EXPECT_GT(server.requests().size(), 3u);
}

TEST_F(DownloadTest, BytesWithASecondNameAreNotChanged) {
  ScriptedServer server({{whole(kFile)}});
  ASSERT_TRUE(make_directories(layout_.blobs() + "/.part"));
  const std::string blob = directory_.path() + "/blob", key = digest_of(kFile);
  ASSERT_TRUE(write_file_atomically(blob, "GGUF another"));
  std::filesystem::create_hard_link(blob, layout_.partial(key));
  ASSERT_TRUE(write_journal(layout_.journal(key), {"m", "https://elsewhere/m.gguf", "\"a\"", "", key, "", kFile.size()}));
  ASSERT_TRUE(get(server, key));
  EXPECT_EQ(*read_text_file(blob), "GGUF another");
  EXPECT_EQ(part(), kFile);
}

TEST_F(DownloadTest, NothingIsLeftWhereNothingCame) {
  ScriptedServer server({{"HTTP/1.1 503 Busy\r\nRetry-After: 900\r\nContent-Length: 0\r\n\r\n"}, {cut()}, {"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"}});
  error_of(server);
  EXPECT_TRUE(std::filesystem::is_empty(layout_.blobs() + "/.part"));
  const std::string left = layout_.journal(key_) + ".17.0.tmp";
  ASSERT_TRUE(write_file_atomically(left, "{"));
  error_of(server);
  EXPECT_EQ(part(), kFile.substr(0, 6));
  EXPECT_FALSE(std::filesystem::exists(left));
}

TEST(Disk, NeededBytesDoNotWrapRound) {
  EXPECT_EQ(disk_needed_for(1000), 1000 + 50 + (64u << 20));
  for (const uint64_t rest : {UINT64_MAX, UINT64_MAX - (70u << 20), UINT64_MAX / 21 * 20 + 100}) EXPECT_EQ(disk_needed_for(rest), UINT64_MAX) << rest;
}

TEST_F(DownloadTest, AKnownDigestGoesOnFromAnyPart) {
  ScriptedServer server({{rest(kFile, 6, "\"other\"")}});
  ASSERT_TRUE(make_directories(layout_.blobs() + "/.part"));
  const std::string key = digest_of(kFile);
  ASSERT_TRUE(write_file_atomically(layout_.partial(key), kFile.substr(0, 6)));
  ASSERT_TRUE(write_journal(layout_.journal(key), {"m", "https://elsewhere/m.gguf", "\"a\"", "", key, "another boot", kFile.size()}));
  const auto got = get(server, key);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->received, kFile.size() - 6);
}

TEST_F(DownloadTest, ADamagedPartIsFetchedAnewOnce) {
  ScriptedServer server({{rest(kFile, 6)}, {whole(kFile)}});
  ASSERT_TRUE(make_directories(layout_.blobs() + "/.part"));
  const std::string key = digest_of(kFile);
  ASSERT_TRUE(write_file_atomically(layout_.partial(key), "GGUF_!"));
  ASSERT_TRUE(write_journal(layout_.journal(key), {"m", "https://elsewhere/m.gguf", "\"a\"", "", key, "", kFile.size()}));
  const auto got = get(server, key);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(part(), kFile);
}

TEST_F(DownloadTest, AWrongDigestThrowsThePartAway) {
  ScriptedServer server({{whole("GGUF_123456789")}});
  EXPECT_EQ(error_of(server, digest_of(kFile)).kind, ErrorKind::kCorrupt);
  EXPECT_FALSE(std::filesystem::exists(layout_.partial(key_)));
  EXPECT_FALSE(std::filesystem::exists(layout_.journal(key_)));
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(DownloadTest, StallsAreBrokenOffAndTriedAgain) {
  ScriptedServer server({{cut(), true}, {rest(kFile, 6)}});
  const auto got = get(server);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->received, kFile.size());
}

TEST_F(DownloadTest, GivesUpWithoutProgress) {
  ScriptedServer server({{"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n"}});
  const auto got = get(server, "", briefly());
  ASSERT_FALSE(got);
  const Error error = got.error();
  EXPECT_EQ(error.kind, ErrorKind::kNetwork);
  EXPECT_NE(error.text().find("502"), std::string::npos) << error.text();
  EXPECT_GT(server.requests().size(), 3u);
}

TEST_F(DownloadTest, WaitsAsLongAsItIsTold) {
  ScriptedServer server({{"HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"}, {whole(kFile)}});
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(get(server));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST_F(DownloadTest, CancelledKeepsThePart) {
  ScriptedServer server({{cut(), true}});
  DownloadRequest request{.address = {server.url("/m.gguf")}, .name = "m", .cancelled = &cancelled_};
  key_ = download_key(request);
  const auto got = download(request, layout_, [&](const Progress&) { cancelled_ = true; }, Patience{});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message.key, "hub.interrupted");
  EXPECT_EQ(part(), kFile.substr(0, 6));
}

TEST_F(DownloadTest, MoreThanAnnouncedIsRefused) {
  ScriptedServer server({{cut()}, {reply("206 Partial", "ETag: \"a\"\r\nContent-Range: bytes 6-13/14\r\n", "6789123456789 and more")}});
  EXPECT_EQ(error_of(server).message.key, "hub.longer_than");
}

TEST_F(DownloadTest, APartThatIsALinkIsRefused) {
  ScriptedServer server({{whole(kFile)}});
  ASSERT_TRUE(make_directories(layout_.blobs() + "/.part"));
  const std::string victim = directory_.path() + "/victim";
  ASSERT_TRUE(write_file_atomically(victim, "mine"));
  std::filesystem::create_symlink(victim, layout_.partial(digest_of(kFile)));
  EXPECT_EQ(error_of(server, digest_of(kFile)).kind, ErrorKind::kFailed);
  EXPECT_EQ(*read_text_file(victim), "mine");
}

MoreAddresses one_by_one(std::vector<std::string> urls) {
  return [urls, at = size_t{0}]() mutable { return at < urls.size() ? std::optional(Address{urls[at++]}) : std::nullopt; };
}

class SeveralSources : public DownloadTest {
 protected:
  Result<Downloaded> get_from(const std::vector<std::string>& urls, const Patience& patience = kImpatient) {
    DownloadRequest request{.address = {urls.front()}, .name = "m", .sha256 = digest_of(kFile), .cancelled = &cancelled_};
    request.more = [this, more = one_by_one({urls.begin() + 1, urls.end()})] { return ++asked_, more(); };
    key_ = download_key(request);
    const auto note = [this](const Progress& progress) { notes_ += progress.stage == "note" ? progress.detail + "\n" : ""; };
    return download(request, layout_, note, patience);
  }
  int asked_ = 0;  // for more sources
  std::string notes_;
};

TEST_F(SeveralSources, TheNextGoesOnWithTheSameBytes) {
  for (const std::string& then : {std::string("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), std::string("HTTP/1.1 503 Busy\r\nRetry-After: 900\r\nContent-Length: 0\r\n\r\n"),
                                  whole("<html>", "Content-Type: text/html\r\n"), std::string("what is this")}) {
    // The second source's ETag is its own.
    ScriptedServer one({{cut()}, {then}}), two({{then}, {rest(kFile, 6, "\"b\"")}});
    const auto got = get_from({one.url(), two.url(), one.url(), two.url()});
    ASSERT_TRUE(got) << got.error().text() << then;
    EXPECT_EQ(got->received, kFile.size()) << then;
    EXPECT_EQ(part(), kFile);
    discard_partial(layout_, key_);
  }
}

TEST_F(SeveralSources, TooSlowIsLeft) {
  ScriptedServer slow({{cut(), true}}), fast({{rest(kFile, 6, "\"b\"")}});
  Patience patience;  // far longer than a test may take
  patience.slow_seconds = 0.5;
  const auto got = get_from({slow.url(), fast.url()}, patience);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->received, kFile.size());
}

TEST_F(SeveralSources, AfterAllWereTooSlowOneStays) {
  ScriptedServer slow({{cut(), true}, {rest(kFile, 7)}}), slower({{rest(kFile, 6).substr(0, rest(kFile, 6).size() - 7), true}});
  Patience patience = kImpatient;
  patience.slow_seconds = 0.5;
  const auto got = get_from({slow.url(), slower.url()}, patience);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(part(), kFile);
}

TEST_F(SeveralSources, ConnectionsThatAreTooSlowAreLeftToo) {
  // Long enough for several; the first chunk comes, then nothing.
  std::string file = "GGUF";
  while (file.size() < (17u << 20)) file += file.size() % 4096 == 0 ? 'x' : static_cast<char>(file.size() % 251);
  constexpr size_t kChunk = ChunkMap::kChunkBytes;
  const std::string chunk = reply("206 Partial", "Content-Range: bytes 0-" + std::to_string(kChunk - 1) + "/" + std::to_string(file.size()) + "\r\nContent-Length: " +
                                                     std::to_string(kChunk) + "\r\n", file.substr(0, kChunk));
  // The second gives all that is left whatever part is asked for: one connection then.
  ScriptedServer slow({{chunk}, {"", true}}), second({{rest(file, kChunk)}});
  DownloadRequest request{.address = {slow.url()}, .more = one_by_one({second.url()}), .name = "m", .bytes = file.size(), .sha256 = digest_of(file)};
  Patience patience;
  patience.slow_seconds = 1;
  const auto got = download(request, layout_, {}, patience);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->sha256, digest_of(file));
  std::string asked;
  for (const std::string& request_text : slow.requests()) asked += request_text;
  EXPECT_EQ(slow.requests().size(), 4u);  // the chunk, and three connections up to 8 MiB, to 16, and for what is left
  for (const char* range : {"bytes=0-1048575\r\n", "bytes=1048576-8388607\r\n", "bytes=8388608-16777215\r\n", "bytes=16777216-17825791\r\n"}) EXPECT_NE(asked.find(range), std::string::npos) << asked;
}

TEST_F(SeveralSources, NobodyElseIsAskedWhereOneWillDo) {
  ScriptedServer one({{whole(kFile)}});
  ASSERT_TRUE(get_from({one.url(), "https://203.0.113.1/"}));
  EXPECT_EQ(asked_, 0);
  EXPECT_EQ(notes_, "");
}

TEST_F(SeveralSources, AnAddressThatMayNotBeAskedIsPassedOver) {
  ScriptedServer one({{"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"}}), two({{whole(kFile)}});
  const auto got = get_from({one.url(), "http://203.0.113.1/", two.url()});
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(asked_, 2);
  EXPECT_NE(notes_.find(net::shown_url(two.url())), std::string::npos) << notes_;
}

TEST_F(SeveralSources, OneThatBringsSomethingIsAskedAgainFirst) {
  std::string file = "GGUF" + std::string(9000, 'x');
  const std::string half = reply("200 OK", "ETag: \"a\"\r\nContent-Length: " + std::to_string(file.size()) + "\r\n", file.substr(0, 5000));
  ScriptedServer one({{half}, {rest(file, 5000)}}), two({{whole(file)}});
  DownloadRequest request{.address = {one.url()}, .more = one_by_one({two.url()}), .name = "m", .sha256 = digest_of(file)};
  const auto got = download(request, layout_, {}, kImpatient);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(two.requests().size(), 0u);
}

TEST_F(SeveralSources, WrongBytesOfTheOneBeforeAreNotBlamedOnTheNext) {
  std::string spoiled(kFile);
  spoiled[5] = '_';
  ScriptedServer one({{reply("200 OK", "Content-Length: 14\r\n", spoiled.substr(0, 6))}}), two({{rest(kFile, 6, "\"b\"")}, {whole(kFile)}});
  const auto got = get_from({one.url(), two.url()});
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(part(), kFile);
  EXPECT_EQ(one.requests().size(), 1u);
}

TEST_F(SeveralSources, ADeadOneAndOneWithWrongBytes) {
  std::string gone;
  {
    ScriptedServer closed({{""}});
    gone = closed.url();
  }
  ScriptedServer wrong({{whole("GGUF_123456789")}}), right({{whole(kFile)}});
  const auto got = get_from({gone, wrong.url(), right.url()});
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(part(), kFile);
  ScriptedServer none({{"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"}});
  discard_partial(layout_, key_);
  EXPECT_EQ(get_from({none.url(), none.url()}).error().kind, ErrorKind::kNotFound);
}

TEST(Chunks, TellWhatHasCome) {
  const TemporaryDirectory directory;
  const std::string partial = directory / "x.part";
  constexpr uint64_t kMiB = ChunkMap::kChunkBytes;
  EXPECT_EQ(ChunkMap::bytes_without_gap(partial), UINT64_MAX);
  {
    ChunkMap map;
    ASSERT_TRUE(map.open(partial, 5 * kMiB + 3, 0, 0));
    ASSERT_EQ(map.count(), 6u);
    EXPECT_EQ(map.end_of(5), 5 * kMiB + 3);
    for (const size_t chunk : {0, 1, 3, 5}) ASSERT_TRUE(map.mark(chunk));
  }
  EXPECT_EQ(ChunkMap::bytes_without_gap(partial), 2 * kMiB);
  {
    // Bytes that are not on the disk any more did not come.
    ChunkMap map;
    ASSERT_TRUE(map.open(partial, 5 * kMiB + 3, 5 * kMiB, 2 * kMiB + 7));
    std::string come;
    for (size_t chunk = 0; chunk < map.count(); ++chunk) come += map.has(chunk) ? '1' : '0';
    EXPECT_EQ(come, "110100");
  }
  ASSERT_TRUE(write_file_atomically(ChunkMap::path_of(partial), "no map at all"));
  EXPECT_EQ(ChunkMap::bytes_without_gap(partial), 0u);
  ChunkMap::remove(partial);
  EXPECT_EQ(ChunkMap::bytes_without_gap(partial), UINT64_MAX);
}

TEST(Following, SecretsGoToTheirOriginOnly) {
  ScriptedServer storage({{whole(kFile)}});
  ScriptedServer source({{"HTTP/1.1 302 Found\r\nLocation: " + storage.url("/x") + "\r\nContent-Length: 0\r\n\r\n"}});
  net::HttpClient client;
  const auto got = send_following(client, {source.url(), {"Authorization: Bearer t"}}, {}, false);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_NE(source.requests().at(0).find("Bearer t"), std::string::npos);
  EXPECT_EQ(storage.requests().at(0).find("Bearer t"), std::string::npos);  // another port
}

TEST(Following, TokensAreRenewedWhileTheyAreRefused) {
  const std::string refused = "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
  ScriptedServer server({{refused}, {refused}, {whole(kFile)}});
  int renewals = 0;
  Address address{server.url(), {"Authorization: Bearer 0"}, {}};
  address.renew = [&](const std::string& challenge, const std::vector<std::string>& before) {
    EXPECT_EQ(challenge, "Bearer realm=\"x\"");
    EXPECT_EQ(before.at(0), "Authorization: Bearer " + std::to_string(renewals));
    return std::vector<std::string>{"Authorization: Bearer " + std::to_string(++renewals)};
  };
  std::string heads;
  net::HttpClient client;
  net::HttpRequest request;
  request.on_head = [&](const net::HttpReply& head) { return heads += std::to_string(head.status), true; };
  const auto got = send_following(client, address, std::move(request), false);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(renewals, 2);
  EXPECT_EQ(heads, "200");
  // None to be had: the refusal is the reply.
  ScriptedServer other({{refused}});
  const auto none = send_following(client, {other.url(), {}, [](const auto&, const auto&) { return std::vector<std::string>{}; }}, {}, false);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->status, 401);
}

TEST(Following, RateLimits) {
  EXPECT_EQ(rate_limit_wait("\"api\";r=0;t=55"), 55);
  EXPECT_EQ(rate_limit_wait("\"resolvers\"; r=0; t=300"), 300);
  EXPECT_EQ(rate_limit_wait("\"api\";r=12;t=55"), std::nullopt);
  for (const char* other : {"", ";;;", "r", "t=5", "r=0", "\"api\";r=;t=", "\"api\";r=x;t=y", "r=0;t=99999999999999999999999"}) EXPECT_EQ(rate_limit_wait(other), std::nullopt) << other;
}

TEST(Following, Addresses) {
  EXPECT_TRUE(check_address("https://example.com/x", false));
  EXPECT_TRUE(check_address("http://127.0.0.1:8000/x", false));
  EXPECT_TRUE(check_address("http://example.com/x", true));
  EXPECT_FALSE(check_address("http://example.com/x", false));
  EXPECT_FALSE(check_address("file:///etc/passwd", true));
  EXPECT_TRUE(same_origin("https://a/x", "https://a:443/y"));
  EXPECT_FALSE(same_origin("https://a/x", "http://a/x"));
  EXPECT_FALSE(same_origin("https://a/x", "https://a.b/x"));
  EXPECT_FALSE(same_origin("", ""));
}

}  // namespace
}  // namespace slm::hub
