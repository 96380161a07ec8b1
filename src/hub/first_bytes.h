// What a reply's first bytes say it is: the file, or what stands in its place.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http_client.h"

namespace slm::hub {

inline constexpr size_t kTellingBytes = 64;  // are enough

struct WantedFile {
  std::string_view magic;  // how it begins
  std::string shown;       // its address, for people
};

// Pages and pointer files that stand in its place are named. `whole`: no more will come than `head`. Errors: kCorrupt.
Status check_first_bytes(const WantedFile& wanted, std::string_view head, bool whole);

// A page, by its content type.
bool is_html(const net::HttpReply& head);

}  // namespace slm::hub
