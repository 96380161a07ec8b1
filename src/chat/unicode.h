// Characters as Python's str sees them: code points, white space, case mappings, what repr() prints as it is.
// All text here is valid UTF-8 (templates and contexts are checked when they come in).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace slm::chat {

// The code point at `offset`, which moves past it.
char32_t next_code_point(std::string_view text, size_t& offset);
// The offset of the character that ends before `offset` (> 0).
size_t previous_offset(std::string_view text, size_t offset);
void append_code_point(std::string& out, char32_t code_point);

size_t count_code_points(std::string_view text);
// The byte offset of the n-th code point; text.size() when there are fewer.
size_t offset_of_code_point(std::string_view text, size_t n);

bool is_space(char32_t c);       // str.isspace, and what strip() and a template's "-" strip
bool is_line_break(char32_t c);  // what splitlines() splits at
bool is_printable(char32_t c);   // str.isprintable: repr() shows it as it is
bool is_alpha(char32_t c);
bool is_decimal(char32_t c);
bool is_cased(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_identifier_start(char32_t c);
bool is_identifier_part(char32_t c);

// Full mappings: one character may become three, and a capital sigma looks at its neighbours.
void append_upper(std::string& out, char32_t c);
void append_title(std::string& out, char32_t c);
// The lower case of the character at `offset` of `text`.
void append_lower(std::string& out, std::string_view text, size_t offset);

std::string lower(std::string_view text);

// Where the text is without white space at its ends: byte offsets [begin, end).
struct ByteRange {
  size_t begin, end;
};
ByteRange strip_space(std::string_view text, bool left, bool right);
// The same with the characters of `set` in place of white space.
ByteRange strip_set(std::string_view text, std::string_view set, bool left, bool right);

// First occurrence of `needle` in text[from, to), in linear time; npos when there is none. An empty needle is at `from`.
size_t find_bytes(std::string_view text, std::string_view needle, size_t from, size_t to);
// The last one.
size_t rfind_bytes(std::string_view text, std::string_view needle, size_t from, size_t to);

}  // namespace slm::chat
