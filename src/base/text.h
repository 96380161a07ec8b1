// UTF-8 and what a terminal shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm {

// The offset of the first byte that is not valid UTF-8 (surrogates and overlong forms are not), or nothing.
std::optional<size_t> first_invalid_utf8(std::string_view text);

// Bytes at the end of `text` that begin a character not complete yet (0 to 3).
size_t incomplete_utf8_suffix(std::string_view text);

// The text with invalid bytes replaced by U+FFFD.
std::string to_valid_utf8(std::string_view text);

// `text` with "?" for control characters and for bytes that are no UTF-8; text from outside cannot move the cursor.
std::string printable(std::string_view text);

// Appends one code point.
void append_utf8(std::string& out, char32_t code_point);

// Columns on a terminal (utf8proc): combining 0, CJK 2.
size_t display_width(std::string_view text);

// `text` padded with spaces to `columns`, or cut with ".." so that it fits.
std::string pad_right(std::string_view text, size_t columns);
std::string pad_left(std::string_view text, size_t columns);

// True when the text is not UTF-8 but decodes as GB18030; and the decoding (iconv). Error: kCorrupt with the offset.
bool looks_like_gb18030(std::string_view text);
Result<std::string> from_encoding(std::string_view text, std::string_view encoding);

// Text from outside as UTF-8. `encoding`: "" for UTF-8, else iconv's name. `where`: what the text is, for the error.
// Errors: kCorrupt with the offset of the first bad byte, and --encoding gb18030 as a hint where it decodes as that.
Result<std::string> decode_text(const std::string& bytes, const std::string& encoding, const std::string& where);

// 1.2 kB, 98.4 MB, 1.10 GB (powers of 1000), for people.
std::string format_bytes(uint64_t bytes);

// The candidate nearest to `word` by edit distance, when near enough to be a slip of the finger.
std::optional<std::string> nearest_spelling(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace slm
