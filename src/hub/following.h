// HTTP requests for files of model sources: which addresses are asked, and who is told a secret.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/http_client.h"

namespace slm::hub {

struct Address {
  std::string url = {};
  std::vector<std::string> secret_headers = {};  // sent to the url's own scheme, host and port only, whatever it redirects to
  // New ones in place of `refused`, after a 401 with this WWW-Authenticate: tokens do not last as long as downloads. Empty: none to be had.
  // May be called by several threads; null: they last.
  std::function<std::vector<std::string>(const std::string& challenge, const std::vector<std::string>& refused)> renew = {};
};

// https, or http to this machine itself, or any http with `insecure`. Errors: kUsage.
Status check_address(const std::string& url, bool insecure);

// Scheme, host and port are equal. False where either is not an address.
bool same_origin(const std::string& a, const std::string& b);

// Sends `request` to the address and follows up to 5 redirects; its url is set here, and its on_head and on_piece see the last reply
// only. From https none leads to http. Where a 429 has a RateLimit in place of a Retry-After, that is its retry_after_seconds. Errors: those of HttpClient::send; kNetwork (too many redirects, one to where it may not lead).
Result<net::HttpReply> send_following(net::HttpClient& client, const Address& address, net::HttpRequest request, bool insecure);

// The same for what is small: tried again a few times where the server is busy or the line breaks. Any status is a reply.
Result<net::HttpReply> send_again_if_busy(net::HttpClient& client, const Address& address, const net::HttpRequest& request, bool insecure);

// A small document, whole.
struct DocumentRequest {
  Address address;
  std::vector<std::string> headers = {};
  size_t most_bytes = 1u << 20;
  bool insecure = false;
  const std::atomic<bool>* cancelled = nullptr;
};
Result<net::HttpReply> fetch_document(net::HttpClient& client, const DocumentRequest& request);

// What a status that is no success means for who asked for `url`; also X-Error-Code of Hugging Face.
Error status_error(const net::HttpReply& reply, const std::string& url);

// Busy or broken for now: 408, 425, 429, 500, 502, 503, 504.
bool is_passing(int status);

// Sleeps; false once cancelled.
bool sleep_unless(const std::atomic<bool>* cancelled, double seconds);

}  // namespace slm::hub
