#include "gguf/cursor.h"

namespace slm::gguf {

std::string Cursor::place() const {
  if (!name_.empty()) return std::string(name_);
  return fmt::format("{}[{}]", list_, index_);
}

tl::unexpected<Error> Cursor::truncated(uint64_t needed) const {
  return fail_with_hint(ErrorKind::kCorrupt, msg("gguf.truncated", path_, size(), place(), needed, offset_),
                        msg("gguf.hint_incomplete"));
}

Status Cursor::skip(uint64_t n) {
  if (remaining() < n) return truncated(n);
  offset_ += n;
  return {};
}

Result<std::string_view> Cursor::string(uint64_t max_bytes) {
  const uint64_t at = offset_;
  SLM_TRY(length, read<uint64_t>());
  if (length > max_bytes) return fail(ErrorKind::kCorrupt, "gguf.string_too_long", path_, place(), length, max_bytes, at);
  const char* first = chars();
  SLM_TRY_STATUS(skip(length));
  return std::string_view(first, length);
}

Status Cursor::skip_strings(uint64_t count, uint64_t max_bytes) {
  // A vocabulary has hundreds of thousands of strings: the loop touches only their lengths.
  const char* const begin = chars();
  const uint64_t available = remaining();
  uint64_t used = 0;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t length = 0;
    const bool has_length = available - used >= sizeof(length);
    if (has_length) std::memcpy(&length, begin + used, sizeof(length));
    if (!has_length || length > max_bytes || available - used - sizeof(length) < length) {
      offset_ += used;
      return tl::unexpected(string(max_bytes).error());
    }
    used += sizeof(length) + length;
  }
  offset_ += used;
  return {};
}

Status Cursor::check_count(uint64_t count, uint64_t max, uint64_t min_item_bytes) const {
  if (count > max) return fail(ErrorKind::kCorrupt, "gguf.too_many", path_, place(), count, max, offset_);
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(count, min_item_bytes, &bytes) || bytes > remaining()) {
    return fail_with_hint(ErrorKind::kCorrupt, msg("gguf.count_beyond_file", path_, place(), count, offset_, remaining()),
                          msg("gguf.hint_incomplete"));
  }
  return {};
}

}  // namespace slm::gguf
