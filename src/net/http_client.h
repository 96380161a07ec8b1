// One HTTP request and its reply (libcurl). Knows no routes.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace slm::net {

struct HttpReply {
  int status = 0;
  std::string content_type;            // as sent, "" where none is
  std::string location;                // of a redirect, for people
  std::string redirect_url;            // the same whole and absolute; its query may be a secret
  std::vector<std::pair<std::string, std::string>> headers;  // of the reply itself, names in lower case; kHttpMaxHeaders at most
  std::string body;
  std::optional<double> retry_after_seconds;

  // The first of that (lower-case) name, "" where there is none.
  std::string header(std::string_view name) const;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url = {};                // http:// or https://
  std::vector<std::string> headers = {};  // "Name: value", without line ends
  std::string body = {};
  double connect_seconds = 10;         // to be connected, the name's look-up and TLS included
  double idle_seconds = 60;            // with nothing sent or received, or less than:
  double least_bytes_per_second = 0;   // mean over idle_seconds
  double total_seconds = 600;
  size_t most_bytes = limits::kHttpMaxReplyBytes;
  // The reply's head, before its body; false: enough, no more is read. May be empty.
  std::function<bool(const HttpReply& head)> on_head = {};
  // Each piece of a successful (2xx) reply's body as it comes, which is then not in HttpReply::body; false: enough, no more is read.
  // May be empty.
  std::function<bool(std::string_view piece)> on_piece = {};
  const std::atomic<bool>* cancelled = nullptr;  // looked at about once a second; may be null
};

// Keeps its connection from request to request. Not for several threads at once.
// Proxies are those of the environment (http_proxy, https_proxy, no_proxy), and none for this machine's own addresses. Redirects are not
// followed: they are replies.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  // Any status is a reply. Errors: kUsage (no http or https URL, a header with a line end), kNetwork (refused, not found, timed out, cut off,
  // too large, TLS), kFailed "net.cancelled".
  Result<HttpReply> send(const HttpRequest& request);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

struct UrlParts {
  std::string scheme, host;            // lower case; an IPv6 address without its brackets
  int port = 0;                        // the scheme's own where the URL names none
  std::string path;                    // begins with '/'
};
// Errors: kUsage "net.bad_url".
Result<UrlParts> parse_url(const std::string& url);
// localhost and its sub-domains, 127.0.0.0/8, ::1.
bool is_loopback(std::string_view host);
// For people: without user, password, query and fragment.
std::string shown_url(const std::string& url);

}  // namespace slm::net
