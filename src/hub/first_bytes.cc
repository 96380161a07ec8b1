#include "hub/first_bytes.h"

#include <algorithm>

namespace slm::hub {

Status check_first_bytes(const WantedFile& wanted, std::string_view head, bool whole) {
  static constexpr std::string_view kPointer = "version https://git-lfs";
  const std::string_view magic = wanted.magic;
  if (head.substr(0, magic.size()) == magic.substr(0, head.size()) && (head.size() >= magic.size() || !whole)) return {};
  if (!whole && head.size() < kTellingBytes && kPointer.starts_with(head.substr(0, kPointer.size()))) return {};
  if (head.starts_with(kPointer)) return fail_with_hint(ErrorKind::kCorrupt, msg("hub.pointer_file", wanted.shown), msg("hub.other_source"));
  const size_t first = head.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && head[first] == '<') return fail_with_hint(ErrorKind::kCorrupt, msg("hub.html", wanted.shown), msg("hub.portal"));
  return fail_with_hint(ErrorKind::kCorrupt, msg("hub.not_gguf", wanted.shown), msg("hub.other_source"));
}

bool is_html(const net::HttpReply& head) {
  std::string type = head.content_type;
  std::transform(type.begin(), type.end(), type.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type.starts_with("text/html") || type.starts_with("application/xhtml");
}

}  // namespace slm::hub
