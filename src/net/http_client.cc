#include "net/http_client.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>

#include "base/text.h"

namespace slm::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostShownUrl = 200;
constexpr long kPieceBytes = 256 << 10;  // received at once, at most

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

Url read_url(const std::string& text) {
  Url url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return nullptr;
  return url;
}

std::string part_of(const Url& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

struct FreeHeaders {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, FreeHeaders>;

Result<Headers> headers_of(const HttpRequest& request) {
  Headers list;
  const auto append = [&](const char* text) {
    curl_slist* longer = curl_slist_append(list.get(), text);
    SLM_CHECK(longer != nullptr);
    list.release();
    list.reset(longer);
  };
  append("Expect:");  // a body is sent at once: waiting for leave costs a second where the server does not know the question
  for (const std::string& header : request.headers) {
    const bool breaks_out = std::any_of(header.begin(), header.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
    if (breaks_out) return fail(ErrorKind::kUsage, "net.bad_header", printable(header.substr(0, header.find(':'))));
    append(header.c_str());
  }
  return list;
}

// What is going on while libcurl works, for its callbacks.
struct Transfer {
  const HttpRequest& request;
  CURL* curl;
  HttpReply reply = {};
  size_t received = 0;
  bool head_given = false;
  curl_off_t moved = 0;                // bytes up and down when something, or enough, last moved
  Clock::time_point last_move = Clock::now();
  enum class End : uint8_t { kNone, kCancelled, kIdle, kTooLarge, kEnough } end = End::kNone;
};

// A line of the reply's head. Heads of earlier replies (100 Continue, a proxy's CONNECT) are forgotten.
size_t take_header(char* bytes, size_t one, size_t n, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(bytes, one * n);
  auto& headers = transfer.reply.headers;
  if (line.starts_with("HTTP/")) headers.clear();
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || headers.size() == limits::kHttpMaxHeaders) return line.size();
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const size_t start = line.find_first_not_of(" \t", colon + 1), end = line.find_last_not_of(" \t\r\n");
  headers.emplace_back(std::move(name), start == std::string_view::npos || start > end ? "" : line.substr(start, end - start + 1));
  return line.size();
}

void read_reply(CURL* curl, HttpReply& reply);

// False: no more of this reply is wanted.
bool give_head(Transfer& transfer) {
  if (std::exchange(transfer.head_given, true) || !transfer.request.on_head) return true;
  read_reply(transfer.curl, transfer.reply);
  return transfer.request.on_head(transfer.reply);
}

size_t take_piece(char* bytes, size_t one, size_t n, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const size_t size = one * n;
  if (size > transfer.request.most_bytes - transfer.received) {
    transfer.end = Transfer::End::kTooLarge;
    return CURL_WRITEFUNC_ERROR;
  }
  if (!give_head(transfer)) {
    transfer.end = Transfer::End::kEnough;
    return CURL_WRITEFUNC_ERROR;
  }
  transfer.received += size;
  long status = 0;
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  if (!transfer.request.on_piece || status / 100 != 2) {
    transfer.reply.body.append(bytes, size);
  } else if (!transfer.request.on_piece({bytes, size})) {
    transfer.end = Transfer::End::kEnough;
    return CURL_WRITEFUNC_ERROR;
  }
  return size;
}

int watch_progress(void* user, curl_off_t, curl_off_t down, curl_off_t, curl_off_t up) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.request.cancelled != nullptr && transfer.request.cancelled->load()) {
    transfer.end = Transfer::End::kCancelled;
    return 1;
  }
  const double enough = transfer.request.least_bytes_per_second * transfer.request.idle_seconds;
  if (static_cast<double>(down + up - transfer.moved) > enough) {
    transfer.moved = down + up;
    transfer.last_move = Clock::now();
  } else if (seconds_since(transfer.last_move) > transfer.request.idle_seconds) {
    transfer.end = Transfer::End::kIdle;
    return 1;
  }
  return 0;
}

Error network(Message message) { return Error{ErrorKind::kNetwork, std::move(message), {}}; }

Error connect_error(CURL* curl, const std::string& url) {
  long system_error = 0;
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &system_error);
  if (system_error == ECONNREFUSED) return network(msg("net.refused", url));
  return network(msg("net.no_connection", url));
}

Error timed_out(CURL* curl, const HttpRequest& request, const std::string& url, double seconds) {
  curl_off_t sent_after = 0;  // microseconds until the request could be sent
  curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &sent_after);
  if (sent_after == 0 && seconds < request.total_seconds) return network(msg("net.no_connection_in_time", url, request.connect_seconds));
  return network(msg("net.timed_out", url, request.total_seconds));
}

Error error_of(CURLcode code, const Transfer& transfer, const char* detail, double seconds) {
  const std::string url = shown_url(transfer.request.url);
  switch (transfer.end) {
    case Transfer::End::kCancelled: return {ErrorKind::kFailed, msg("net.cancelled", url), {}};
    case Transfer::End::kIdle:
      if (transfer.received == 0 || transfer.request.least_bytes_per_second == 0) return network(msg("net.idle", url, transfer.request.idle_seconds));
      return network(msg("net.too_slow", url, transfer.request.least_bytes_per_second, transfer.request.idle_seconds));
    case Transfer::End::kTooLarge: return network(msg("net.too_large", url, transfer.request.most_bytes));
    case Transfer::End::kEnough:
    case Transfer::End::kNone: break;
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return network(msg("net.no_host", url));
    case CURLE_COULDNT_RESOLVE_PROXY: return network(msg("net.no_proxy", url));
    case CURLE_COULDNT_CONNECT: return connect_error(transfer.curl, url);
    case CURLE_OPERATION_TIMEDOUT: return timed_out(transfer.curl, transfer.request, url, seconds);
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR: return network(msg("net.cut_off", url, transfer.received));
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: return network(msg("net.not_http", url));
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER: return network(msg("net.tls", url, printable(detail)));
    default: return network(msg("net.failed", url, *detail != '\0' ? printable(detail) : curl_easy_strerror(code)));
  }
}

void set_transfer(CURL* curl, Transfer& transfer) {
  const HttpRequest& request = transfer.request;
  const auto milliseconds = [](double seconds) { return static_cast<long>(std::clamp(seconds, 0.001, 1e6) * 1e3); };
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connect_seconds));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, milliseconds(request.total_seconds));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, kPieceBytes);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  if (request.method != "GET") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());  // not copied: lives as long as the request
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void read_reply(CURL* curl, HttpReply& reply) {
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  const char* text = nullptr;
  if (curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &text) == CURLE_OK && text != nullptr) reply.content_type = text;
  text = nullptr;
  if (curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &text) == CURLE_OK && text != nullptr) {
    reply.redirect_url = text;
    reply.location = shown_url(text);
  }
  curl_off_t wait = 0;
  if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0) reply.retry_after_seconds = static_cast<double>(wait);
}

CURL* new_handle() {
  [[maybe_unused]] static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL* curl = curl_easy_init();
  SLM_CHECK(curl != nullptr);
  return curl;
}

}  // namespace

std::string HttpReply::header(std::string_view name) const {
  const auto at = std::find_if(headers.begin(), headers.end(), [&](const auto& header) { return header.first == name; });
  return at == headers.end() ? "" : at->second;
}

struct HttpClient::Handle {
  Handle() = default;
  ~Handle() { curl_easy_cleanup(curl); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  CURL* curl = new_handle();
};

HttpClient::HttpClient() : handle_(std::make_unique<Handle>()) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Result<HttpReply> HttpClient::send(const HttpRequest& request) {
  SLM_TRY(parts, parse_url(request.url));
  SLM_TRY(headers, headers_of(request));
  CURL* curl = handle_->curl;
  curl_easy_reset(curl);  // options; its connections stay open
  Transfer transfer{.request = request, .curl = curl};
  set_transfer(curl, transfer);
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  if (is_loopback(parts.host)) curl_easy_setopt(curl, CURLOPT_PROXY, "");
  const Clock::time_point start = Clock::now();
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK && transfer.end != Transfer::End::kEnough) {
    return tl::unexpected<Error>(error_of(code, transfer, detail, seconds_since(start)));
  }
  give_head(transfer);  // of a reply without a body
  read_reply(curl, transfer.reply);
  return std::move(transfer.reply);
}

Result<UrlParts> parse_url(const std::string& url) {
  const Url parsed = read_url(url);
  UrlParts parts;
  if (parsed) {
    parts.scheme = part_of(parsed, CURLUPART_SCHEME);
    parts.host = part_of(parsed, CURLUPART_HOST);
    parts.path = part_of(parsed, CURLUPART_PATH);
    const std::string port = part_of(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    std::from_chars(port.data(), port.data() + port.size(), parts.port);
  }
  if ((parts.scheme != "http" && parts.scheme != "https") || parts.host.empty()) return fail(ErrorKind::kUsage, "net.bad_url", shown_url(url));
  if (parts.host.front() == '[') parts.host = parts.host.substr(1, parts.host.find(']') - 1);
  std::transform(parts.host.begin(), parts.host.end(), parts.host.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return parts;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  const std::string text(host);
  in_addr v4 = {};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6 = {};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string shown_url(const std::string& url) {
  std::string text = url;
  if (const Url parsed = read_url(url)) {
    for (const CURLUPart secret : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
      curl_url_set(parsed.get(), secret, nullptr, 0);
    }
    text = part_of(parsed, CURLUPART_URL);
  } else {
    // Not a URL: what stands before an @ may be a password all the same.
    if (const size_t at = text.rfind('@'); at != std::string::npos) text = text.substr(at + 1);
    text = text.substr(0, text.find_first_of("?#"));
  }
  return printable(text.substr(0, kMostShownUrl));
}

}  // namespace slm::net
