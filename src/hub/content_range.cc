#include "hub/content_range.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>
#include <utility>

namespace slm::hub {
namespace {

bool read_number(std::string_view& text, uint64_t& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

bool read_separator(std::string_view& text, std::string_view separator) {
  if (!text.starts_with(separator)) return false;
  text.remove_prefix(separator.size());
  return true;
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view text) {
  ContentRange range;
  const bool good = read_separator(text, "bytes ") && read_number(text, range.first) && read_separator(text, "-") &&
                    read_number(text, range.last) && read_separator(text, "/") && read_number(text, range.total) && text.empty();
  if (!good || range.last < range.first || range.last >= range.total) return std::nullopt;
  return range;
}

std::optional<uint64_t> content_length(const net::HttpReply& head) {
  const std::string header = head.header("content-length");
  std::string_view text = header;
  uint64_t bytes = 0;
  return read_number(text, bytes) && text.empty() ? std::optional(bytes) : std::nullopt;
}

std::optional<double> rate_limit_wait(std::string_view header) {
  uint64_t remaining = 1, seconds = 0;
  while (!header.empty()) {
    std::string_view item = header.substr(0, header.find(';'));
    header.remove_prefix(std::min(header.size(), item.size() + 1));
    item.remove_prefix(std::min(item.size(), item.find_first_not_of(' ')));
    for (auto [name, into] : {std::pair{"r=", &remaining}, std::pair{"t=", &seconds}}) {
      if (read_separator(item, name)) read_number(item, *into);
    }
  }
  return remaining == 0 && seconds > 0 ? std::optional(static_cast<double>(seconds)) : std::nullopt;
}

}  // namespace slm::hub
