#include "chat/unicode.h"

#include <algorithm>
#include <cstring>

#include <utf8proc.h>

namespace slm::chat {
namespace {

struct SpecialCase {
  char32_t character;
  char32_t upper[3];
  char32_t title[3];
};

constexpr SpecialCase kSpecialCases[] = {
#define S(c, u0, u1, u2, t0, t1, t2) {c, {u0, u1, u2}, {t0, t1, t2}},
#include "chat/special_casing.inc"
#undef S
};

const SpecialCase* special_case(char32_t c) {
  if (c < kSpecialCases[0].character) return nullptr;
  const auto* found = std::lower_bound(std::begin(kSpecialCases), std::end(kSpecialCases), c,
                                       [](const SpecialCase& entry, char32_t value) { return entry.character < value; });
  return found != std::end(kSpecialCases) && found->character == c ? found : nullptr;
}

void append_all(std::string& out, const char32_t (&characters)[3]) {
  for (char32_t c : characters) {
    if (c != 0) append_code_point(out, c);
  }
}

utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

char32_t simple_lower(char32_t c) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}
char32_t simple_upper(char32_t c) {
  return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c)));
}

// Characters that a capital sigma looks past.
bool is_case_ignorable(char32_t c) {
  switch (category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return c == '\'' || c == '.' || c == ':' || c == 0xB7 || c == 0x2018 || c == 0x2019 || c == 0x2024 || c == 0x2027;
  }
}

// At the end of a word: a cased letter before, none after.
bool is_final_sigma(std::string_view text, size_t offset) {
  size_t before = offset;
  bool cased_before = false;
  while (before > 0) {
    before = previous_offset(text, before);
    size_t at = before;
    const char32_t c = next_code_point(text, at);
    if (is_case_ignorable(c)) continue;
    cased_before = is_cased(c);
    break;
  }
  if (!cased_before) return false;
  size_t after = offset;
  next_code_point(text, after);
  while (after < text.size()) {
    const char32_t c = next_code_point(text, after);
    if (!is_case_ignorable(c)) return !is_cased(c);
  }
  return true;
}

}  // namespace

char32_t next_code_point(std::string_view text, size_t& offset) {
  const auto lead = static_cast<unsigned char>(text[offset]);
  if (lead < 0x80) {
    ++offset;
    return lead;
  }
  utf8proc_int32_t c = 0;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + offset;
  const auto length = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - offset), &c);
  if (length <= 0) {
    ++offset;
    return 0xFFFD;
  }
  offset += static_cast<size_t>(length);
  return static_cast<char32_t>(c);
}

size_t previous_offset(std::string_view text, size_t offset) {
  do {
    --offset;
  } while (offset > 0 && (static_cast<unsigned char>(text[offset]) & 0xC0) == 0x80);
  return offset;
}

void append_code_point(std::string& out, char32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

size_t count_code_points(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

size_t offset_of_code_point(std::string_view text, size_t n) {
  for (size_t offset = 0; offset < text.size(); ++offset) {
    if ((static_cast<unsigned char>(text[offset]) & 0xC0) == 0x80) continue;
    if (n == 0) return offset;
    --n;
  }
  return text.size();
}

bool is_space(char32_t c) {
  if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_line_break(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  switch (category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

bool is_alpha(char32_t c) {
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(char32_t c) { return category(c) == UTF8PROC_CATEGORY_ND; }
bool is_upper(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LU; }
bool is_lower(char32_t c) {
  return category(c) == UTF8PROC_CATEGORY_LL || c == 0xAA || c == 0xBA || (c >= 0x2B0 && c <= 0x2B8);
}
bool is_cased(char32_t c) { return is_upper(c) || is_lower(c) || category(c) == UTF8PROC_CATEGORY_LT; }

bool is_identifier_start(char32_t c) {
  return c == '_' || is_alpha(c) || category(c) == UTF8PROC_CATEGORY_NL;
}

bool is_identifier_part(char32_t c) {
  if (is_identifier_start(c)) return true;
  switch (category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

void append_upper(std::string& out, char32_t c) {
  if (const SpecialCase* special = special_case(c)) {
    append_all(out, special->upper);
  } else {
    append_code_point(out, simple_upper(c));
  }
}

void append_title(std::string& out, char32_t c) {
  if (const SpecialCase* special = special_case(c)) {
    append_all(out, special->title);
  } else {
    append_code_point(out, static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))));
  }
}

void append_lower(std::string& out, std::string_view text, size_t offset) {
  size_t at = offset;
  const char32_t c = next_code_point(text, at);
  if (c == 0x130) {  // the one character whose lower case is two: i and a dot above
    out += 'i';
    append_code_point(out, 0x307);
  } else if (c == 0x3A3) {
    append_code_point(out, is_final_sigma(text, offset) ? 0x3C2 : 0x3C3);
  } else {
    append_code_point(out, simple_lower(c));
  }
}

std::string lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t offset = 0; offset < text.size();) {
    append_lower(out, text, offset);
    next_code_point(text, offset);
  }
  return out;
}

namespace {

template <class Wanted>
ByteRange strip_if(std::string_view text, bool left, bool right, const Wanted& wanted) {
  ByteRange range{0, text.size()};
  while (left && range.begin < range.end) {
    size_t next = range.begin;
    if (!wanted(next_code_point(text, next))) break;
    range.begin = next;
  }
  while (right && range.end > range.begin) {
    const size_t previous = previous_offset(text, range.end);
    size_t at = previous;
    if (!wanted(next_code_point(text, at))) break;
    range.end = previous;
  }
  return range;
}

}  // namespace

ByteRange strip_space(std::string_view text, bool left, bool right) { return strip_if(text, left, right, is_space); }

ByteRange strip_set(std::string_view text, std::string_view set, bool left, bool right) {
  std::u32string wanted;
  for (size_t offset = 0; offset < set.size();) wanted += next_code_point(set, offset);
  std::sort(wanted.begin(), wanted.end());
  return strip_if(text, left, right,
                  [&](char32_t c) { return std::binary_search(wanted.begin(), wanted.end(), c); });
}

size_t find_bytes(std::string_view text, std::string_view needle, size_t from, size_t to) {
  if (from > to || to > text.size()) return std::string_view::npos;
  if (needle.empty()) return from;
  // memmem is linear; string_view::find is not.
  const void* found = memmem(text.data() + from, to - from, needle.data(), needle.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

size_t rfind_bytes(std::string_view text, std::string_view needle, size_t from, size_t to) {
  if (from > to || to > text.size()) return std::string_view::npos;
  if (needle.empty()) return to;
  const std::string backward(std::make_reverse_iterator(text.begin() + static_cast<std::ptrdiff_t>(to)),
                             std::make_reverse_iterator(text.begin() + static_cast<std::ptrdiff_t>(from)));
  const std::string wanted(needle.rbegin(), needle.rend());
  const size_t found = find_bytes(backward, wanted, 0, backward.size());
  return found == std::string_view::npos ? found : to - found - needle.size();
}

}  // namespace slm::chat
