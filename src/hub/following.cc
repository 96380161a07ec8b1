#include "hub/following.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "hub/content_range.h"

namespace slm::hub {
namespace {

constexpr int kMostRedirects = 5;
constexpr int kMostRenewals = 2;  // one that another thread has got already, and one of its own
constexpr int kMostTries = 4;
constexpr double kLongestDocumentWait = 30;  // seconds

bool is_redirect(const net::HttpReply& reply) {
  const bool moved = reply.status == 301 || reply.status == 302 || reply.status == 303 || reply.status == 307 || reply.status == 308;
  return moved && !reply.redirect_url.empty();
}

Status check_redirect(const std::string& from, const std::string& to, bool insecure) {
  const auto refuse = [&]() -> Status { return fail(ErrorKind::kNetwork, "hub.bad_redirect", net::shown_url(from), net::shown_url(to)); };
  const auto was = net::parse_url(from), is = net::parse_url(to);
  if (!was || !is) return refuse();
  if (was->scheme == "https" && is->scheme == "http") return refuse();
  return check_address(to, insecure) ? Status{} : refuse();
}

}  // namespace

Status check_address(const std::string& url, bool insecure) {
  SLM_TRY(parts, net::parse_url(url));
  if (parts.scheme == "https" || insecure || net::is_loopback(parts.host)) return {};
  return fail_with_hint(ErrorKind::kUsage, msg("hub.plain_http", net::shown_url(url)), msg("hub.use_insecure"));
}

bool same_origin(const std::string& a, const std::string& b) {
  const auto one = net::parse_url(a), two = net::parse_url(b);
  return one && two && one->scheme == two->scheme && one->host == two->host && one->port == two->port;
}

Result<net::HttpReply> send_following(net::HttpClient& client, const Address& address, net::HttpRequest request, bool insecure) {
  SLM_TRY_STATUS(check_address(address.url, insecure));
  const std::vector<std::string> plain = request.headers;
  std::vector<std::string> secrets = address.secret_headers;
  int redirects = 0, renewals = 0;
  const auto may_renew = [&](const net::HttpReply& head) {
    return head.status == 401 && address.renew && renewals < kMostRenewals && same_origin(request.url, address.url);
  };
  const auto on_head = std::move(request.on_head);
  request.on_head = [&](const net::HttpReply& head) { return !is_redirect(head) && !may_renew(head) && (!on_head || on_head(head)); };
  request.url = address.url;
  for (;;) {
    request.headers = plain;
    if (same_origin(request.url, address.url)) request.headers.insert(request.headers.end(), secrets.begin(), secrets.end());
    SLM_TRY(reply, client.send(request));
    if (reply.status == 429 && !reply.retry_after_seconds) reply.retry_after_seconds = rate_limit_wait(reply.header("ratelimit"));
    if (may_renew(reply)) {
      ++renewals;
      secrets = address.renew(reply.header("www-authenticate"), secrets);
      if (!secrets.empty()) continue;
      if (on_head) on_head(reply);
      return reply;
    }
    if (!is_redirect(reply)) return reply;
    if (redirects++ == kMostRedirects) return fail(ErrorKind::kNetwork, "hub.redirect_loop", net::shown_url(address.url), kMostRedirects);
    SLM_TRY_STATUS(check_redirect(request.url, reply.redirect_url, insecure));
    request.url = reply.redirect_url;
  }
}

bool is_passing(int status) {
  return status == 408 || status == 425 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

bool sleep_unless(const std::atomic<bool>* cancelled, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end) {
    if (cancelled != nullptr && cancelled->load()) return false;
    std::this_thread::sleep_for(std::min(std::chrono::duration<double>(0.05), std::chrono::duration<double>(end - Clock::now())));
  }
  return cancelled == nullptr || !cancelled->load();
}

Result<net::HttpReply> send_again_if_busy(net::HttpClient& client, const Address& address, const net::HttpRequest& request, bool insecure) {
  for (int tries = 1;; ++tries) {
    auto reply = send_following(client, address, request, insecure);
    const bool passing = reply ? is_passing(reply->status) : reply.error().kind == ErrorKind::kNetwork;
    if (!passing || tries == kMostTries) return reply;
    const double told = reply ? reply->retry_after_seconds.value_or(0) : 0;
    if (told > kLongestDocumentWait) return reply;
    if (!sleep_unless(request.cancelled, std::max(told, 0.25 * tries))) return fail(ErrorKind::kFailed, "hub.interrupted");
  }
}

Result<net::HttpReply> fetch_document(net::HttpClient& client, const DocumentRequest& request) {
  net::HttpRequest http;
  http.headers = request.headers;
  http.most_bytes = request.most_bytes;
  http.idle_seconds = 20;
  http.total_seconds = 60;
  http.cancelled = request.cancelled;
  return send_again_if_busy(client, request.address, http, request.insecure);
}

Error status_error(const net::HttpReply& reply, const std::string& url) {
  const std::string shown = net::shown_url(url), code = reply.header("x-error-code");
  if (code == "GatedRepo") return {ErrorKind::kFailed, msg("hub.gated", shown), msg("hub.accept_gated")};
  if (code == "RepoNotFound" || (code.empty() && reply.status == 401)) {
    return {ErrorKind::kNotFound, msg("hub.no_repository", shown), msg("hub.repository_spelling")};
  }
  if (code == "RevisionNotFound" || code == "EntryNotFound" || reply.status == 404 || reply.status == 410) {
    return {ErrorKind::kNotFound, msg("hub.remote_missing", shown, reply.status), {}};
  }
  if (reply.status == 403) return {ErrorKind::kFailed, msg("hub.forbidden", shown), {}};
  if (reply.retry_after_seconds) return {ErrorKind::kNetwork, msg("hub.busy_source", shown, reply.status, *reply.retry_after_seconds), {}};
  return {ErrorKind::kNetwork, msg("hub.bad_status", shown, reply.status), {}};
}

}  // namespace slm::hub
