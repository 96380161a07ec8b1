// Numbers in the heads of HTTP replies: how long a body is, and what part of a file it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "net/http_client.h"

namespace slm::hub {

// "bytes 5-9/10" (RFC 9110 14.4).
struct ContentRange {
  uint64_t first = 0, last = 0, total = 0;
};
std::optional<ContentRange> parse_content_range(std::string_view text);
// Seconds until a limit is lifted, of `RateLimit: "api";r=0;t=55` (https://huggingface.co/docs/hub/rate-limits); nothing where requests remain.
std::optional<double> rate_limit_wait(std::string_view header);
// Nothing where the head does not say, or says no number.
std::optional<uint64_t> content_length(const net::HttpReply& head);

}  // namespace slm::hub
