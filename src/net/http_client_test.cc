#include "net/http_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "net/testing/scripted_server.h"

namespace slm::net {
namespace {

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

Error error_of(const HttpRequest& request) {
  HttpClient client;
  const auto reply = client.send(request);
  EXPECT_FALSE(reply) << request.url;
  return reply ? Error{} : reply.error();
}

TEST(HttpClient, SendsHeadersAndBodyAndReadsTheReply) {
  ScriptedServer server({{kOk}});
  HttpClient client;
  const auto reply = client.send({.method = "POST", .url = server.url("/v1/x?y=1"), .headers = {"Authorization: Bearer k"}, .body = "{\"a\":1}"});
  ASSERT_TRUE(reply) << reply.error().text();
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "{}");
  EXPECT_EQ(reply->content_type, "application/json");
  const std::string request = server.requests().at(0);
  EXPECT_TRUE(request.starts_with("POST /v1/x?y=1 HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Authorization: Bearer k\r\n"), std::string::npos);
  EXPECT_EQ(request.find("Expect:"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\n{\"a\":1}"));
}

TEST(HttpClient, AnyStatusIsAReply) {
  ScriptedServer server({{"HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nwait"},
                         {"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"}});
  HttpClient client;
  const auto busy = client.send({.url = server.url(), .on_piece = [](std::string_view) { return true; }});
  ASSERT_TRUE(busy) << busy.error().text();
  EXPECT_EQ(busy->status, 429);
  EXPECT_EQ(busy->retry_after_seconds, 7);
  EXPECT_EQ(busy->body, "wait");  // no success: not the stream that was asked for
  const auto redirect = client.send({.url = server.url()});
  ASSERT_TRUE(redirect) << redirect.error().text();
  EXPECT_EQ(redirect->status, 302);
}

TEST(HttpClient, GivesTheHeadBeforeTheBody) {
  ScriptedServer server({{"HTTP/1.1 206 Part\r\nETag: \"a\"\r\nContent-Range: bytes 1-3/4\r\nContent-Length: 3\r\nX-Empty:\r\n\r\nabc"},
                         {"HTTP/1.1 302 Found\r\nLocation: /b?key=1\r\nContent-Length: 0\r\n\r\n"}});
  HttpClient client;
  std::string order;
  const auto reply = client.send({.url = server.url(),
                                  .on_head = [&](const HttpReply& head) { return order += head.header("etag"), head.status == 206; },
                                  .on_piece = [&](std::string_view piece) { return order += piece, true; }});
  ASSERT_TRUE(reply) << reply.error().text();
  EXPECT_EQ(order, "\"a\"abc");
  EXPECT_EQ(reply->header("content-range"), "bytes 1-3/4");
  EXPECT_EQ(reply->header("x-empty"), "");
  int heads = 0;
  const auto redirect = client.send({.url = server.url(), .on_head = [&](const HttpReply&) { return ++heads, true; }});
  ASSERT_TRUE(redirect) << redirect.error().text();
  EXPECT_EQ(heads, 1);  // without a body too
  EXPECT_EQ(redirect->redirect_url, server.url("/b?key=1"));
  EXPECT_EQ(redirect->location, server.url("/b"));
}

TEST(HttpClient, StreamsAndStopsWhenThereIsEnough) {
  ScriptedServer server({{"HTTP/1.1 200 OK\r\n\r\nabc", true}});
  HttpClient client;
  std::string got;
  const auto reply = client.send({.url = server.url(), .on_piece = [&](std::string_view piece) {
                                    got += piece;
                                    return got.size() < 3;
                                  }});
  ASSERT_TRUE(reply) << reply.error().text();
  EXPECT_EQ(got, "abc");
  EXPECT_EQ(reply->body, "");
}

TEST(HttpClient, NamesWhatWentWrong) {
  std::string gone;
  {
    ScriptedServer server({{kOk}});
    gone = server.url("/v1?key=secret");
  }
  const Error refused = error_of({.url = gone});
  EXPECT_EQ(refused.kind, ErrorKind::kNetwork);
  EXPECT_EQ(refused.message.key, "net.refused");
  EXPECT_EQ(refused.text().find("secret"), std::string::npos);

  ScriptedServer cut({{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"}});
  const Error short_reply = error_of({.url = cut.url()});
  EXPECT_EQ(short_reply.message.key, "net.cut_off");
  EXPECT_EQ(short_reply.message.args.at(1), "9");

  ScriptedServer chunked({{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}});
  EXPECT_EQ(error_of({.url = chunked.url()}).message.key, "net.cut_off");

  ScriptedServer nothing({{""}});
  EXPECT_EQ(error_of({.url = nothing.url()}).message.key, "net.cut_off");

  ScriptedServer noise({{"\x16\x03\x01" " this is no HTTP at all\r\n\r\n"}});
  EXPECT_EQ(error_of({.url = noise.url()}).message.key, "net.not_http");

  ScriptedServer large({{"HTTP/1.1 200 OK\r\n\r\n" + std::string(5'000, 'x')}});
  EXPECT_EQ(error_of({.url = large.url(), .most_bytes = 4'999}).message.key, "net.too_large");

  ScriptedServer plain({{"HTTP/1.1 400 Bad\r\n\r\n"}});
  std::string url = plain.url();
  url.replace(0, 4, "https");
  EXPECT_EQ(error_of({.url = url}).message.key, "net.tls");
}

TEST(HttpClient, GivesUpInTime) {
  const auto start = std::chrono::steady_clock::now();
  ScriptedServer silent({{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", true}});
  EXPECT_EQ(error_of({.url = silent.url(), .idle_seconds = 0.2}).message.key, "net.idle");
  EXPECT_EQ(error_of({.url = silent.url(), .total_seconds = 0.3}).message.key, "net.timed_out");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(HttpClient, CanBeCancelled) {
  ScriptedServer silent({{"", true}});
  std::atomic<bool> cancelled = false;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    cancelled = true;
  });
  const Error error = error_of({.url = silent.url(), .cancelled = &cancelled});
  canceller.join();
  EXPECT_EQ(error.kind, ErrorKind::kFailed);
  EXPECT_EQ(error.message.key, "net.cancelled");
}

TEST(HttpClient, NoProxyForThisMachine) {
  ScriptedServer server({{kOk}});
  setenv("http_proxy", "http://127.0.0.1:9", 1);
  HttpClient client;
  EXPECT_TRUE(client.send({.url = server.url()}));
  unsetenv("http_proxy");
}

TEST(HttpClient, OnlyHttp) {
  for (const char* url : {"file:///etc/passwd", "ftp://host/x", "", "no url", "http://", "http://a b/", "gopher://h/"}) {
    EXPECT_EQ(error_of({.url = url}).kind, ErrorKind::kUsage) << url;
  }
  EXPECT_EQ(error_of({.url = "http://127.0.0.1/", .headers = {"X: a\r\nY: b"}}).message.key, "net.bad_header");
}

TEST(Url, Parts) {
  const auto v6 = parse_url("HTTP://[::1]:8080/v1/");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, 8080);
  EXPECT_EQ(v6->path, "/v1/");
  const auto plain = parse_url("https://Example.COM");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "example.com");
  EXPECT_EQ(plain->port, 443);
}

TEST(Url, Loopback) {
  for (const char* host : {"localhost", "api.localhost", "127.0.0.1", "127.9.8.7", "::1"}) EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"128.0.0.1", "localhost.example.com", "127.0.0.1.example.com", "::2", "", "10.0.0.1"}) EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(Url, ShownWithoutSecrets) {
  EXPECT_EQ(shown_url("http://me:secret@host:8000/v1?key=k#f"), "http://host:8000/v1");
  EXPECT_EQ(shown_url("no url me:secret@host?key"), "host");
  EXPECT_EQ(shown_url("http://a/\x1b[2J").find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace slm::net
