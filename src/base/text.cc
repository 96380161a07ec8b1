#include "base/text.h"

#include <iconv.h>
#include <utf8proc.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>

namespace slm {
namespace {

// What starts at text[at]: its length when it is a whole valid character; else 0, with `bad` the number of bytes one
// U+FFFD stands for (the longest start of a valid character, at least 1: Unicode's recommended practice), and `cut` set
// when the text merely ends too early.
struct Sequence {
  size_t length = 0;
  size_t bad = 1;
  bool cut = false;
};

Sequence sequence_at(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {1, 0, false};
  size_t length;
  unsigned char low = 0x80, high = 0xBF;  // what the second byte may be: no overlong form, no surrogate, <= U+10FFFF
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {};
  }
  for (size_t i = 1; i < length; ++i) {
    if (at + i == text.size()) return {0, i, true};
    if (byte(at + i) < low || byte(at + i) > high) return {0, i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, 0, false};
}

int width_of(utf8proc_int32_t code_point) {
  const utf8proc_property_t* property = utf8proc_get_property(code_point);
  const utf8proc_category_t category = static_cast<utf8proc_category_t>(property->category);
  // Variation selectors and joiners take no room; neither do control characters, which a table must not hold anyway.
  if (category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME || category == UTF8PROC_CATEGORY_CF ||
      category == UTF8PROC_CATEGORY_CC) {
    return 0;
  }
  return utf8proc_charwidth(code_point);
}

// Calls take(bytes, width) for each character; stops when it says so. Invalid bytes count as one column (U+FFFD).
template <class Take>
void each_character(std::string_view text, const Take& take) {
  for (size_t at = 0; at < text.size();) {
    const Sequence sequence = sequence_at(text, at);
    size_t length = sequence.length;
    int width = 1;
    if (length > 0) {
      utf8proc_int32_t code_point = 0;
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at), static_cast<utf8proc_ssize_t>(length), &code_point);
      width = width_of(code_point);
    } else {
      length = sequence.bad;
    }
    if (!take(text.substr(at, length), static_cast<size_t>(width))) return;
    at += length;
  }
}

// The text when it fits, else cut with "..".
std::string fitted(std::string_view text, size_t columns, size_t& width) {
  width = display_width(text);
  if (width <= columns) return std::string(text);
  const std::string_view dots = std::string_view("..").substr(0, std::min<size_t>(columns, 2));
  std::string out;
  size_t used = 0;
  each_character(text, [&](std::string_view bytes, size_t one) {
    if (used + one + dots.size() > columns) return false;
    out += bytes;
    used += one;
    return true;
  });
  out += dots;
  width = used + dots.size();
  return out;
}

// Rows of the distance matrix: insertions, deletions, replacements and swapped neighbours cost 1 each.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::optional<size_t> first_invalid_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const Sequence sequence = sequence_at(text, at);
    if (sequence.length == 0) return at;
    at += sequence.length;
  }
  return std::nullopt;
}

size_t incomplete_utf8_suffix(std::string_view text) {
  const size_t most = std::min<size_t>(text.size(), 3);
  for (size_t back = 1; back <= most; ++back) {
    const size_t at = text.size() - back;
    const unsigned char byte = static_cast<unsigned char>(text[at]);
    if ((byte & 0xC0) == 0x80) continue;  // inside a character: its lead stands before
    const Sequence sequence = sequence_at(text, at);
    return sequence.cut && sequence.bad == back ? back : 0;
  }
  return 0;
}

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Sequence sequence = sequence_at(text, at);
    if (sequence.length > 0) {
      out += text.substr(at, sequence.length);
      at += sequence.length;
    } else {
      out += "\xEF\xBF\xBD";
      at += sequence.bad;
    }
  }
  return out;
}

std::string printable(std::string_view text) {
  std::string out = to_valid_utf8(text);
  // U+FFFD is as wide as the terminal likes.
  for (size_t at = 0; (at = out.find("\xEF\xBF\xBD", at)) != std::string::npos;) out.replace(at, 3, "?");
  // U+0080 to U+009F: some terminals take U+009B for the start of a command.
  for (size_t at = 0; (at = out.find('\xC2', at)) != std::string::npos; ++at) {
    if (static_cast<unsigned char>(out[at + 1]) < 0xA0) out.replace(at, 2, "?");
  }
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return out;
}

void append_utf8(std::string& out, char32_t code_point) {
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) code_point = 0xFFFD;
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | (code_point >> 6));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | (code_point >> 12));
    out += static_cast<char>(0x80 | ((code_point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code_point >> 18));
    out += static_cast<char>(0x80 | ((code_point >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code_point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  }
}

size_t display_width(std::string_view text) {
  size_t columns = 0;
  each_character(text, [&](std::string_view, size_t width) {
    columns += width;
    return true;
  });
  return columns;
}

std::string pad_right(std::string_view text, size_t columns) {
  size_t width = 0;
  std::string out = fitted(text, columns, width);
  out.append(columns - width, ' ');
  return out;
}

std::string pad_left(std::string_view text, size_t columns) {
  size_t width = 0;
  const std::string out = fitted(text, columns, width);
  return std::string(columns - width, ' ') + out;
}

Result<std::string> from_encoding(std::string_view text, std::string_view encoding) {
  const std::string name(encoding);
  const iconv_t converter = iconv_open("UTF-8", name.c_str());
  if (converter == reinterpret_cast<iconv_t>(-1)) return fail(ErrorKind::kUsage, "base.unknown_encoding", name);
  struct Closer {
    iconv_t converter;
    ~Closer() { iconv_close(converter); }
  } closer{converter};
  std::string out;
  char buffer[16 << 10];
  char* in = const_cast<char*>(text.data());
  size_t left = text.size();
  // The last round, with no input, flushes what a stateful encoding holds back.
  for (bool flush = false;; flush = left == 0) {
    char* to = buffer;
    size_t room = sizeof(buffer);
    const size_t done = flush ? iconv(converter, nullptr, nullptr, &to, &room) : iconv(converter, &in, &left, &to, &room);
    const int error = errno;
    out.append(buffer, sizeof(buffer) - room);
    if (done == static_cast<size_t>(-1)) {
      if (error == E2BIG) continue;
      return fail(ErrorKind::kCorrupt, "base.bad_encoding", name, text.size() - left);
    }
    if (flush) return out;
  }
}

Result<std::string> decode_text(const std::string& bytes, const std::string& encoding, const std::string& where) {
  if (!encoding.empty() && encoding != "utf-8" && encoding != "UTF-8") return from_encoding(bytes, encoding);
  const auto bad = first_invalid_utf8(bytes);
  if (!bad) return bytes;
  const Message message = msg("base.bad_utf8", where, *bad);
  if (looks_like_gb18030(bytes)) return fail_with_hint(ErrorKind::kCorrupt, message, msg("base.try_gb18030"));
  return fail_with_hint(ErrorKind::kCorrupt, message, msg("base.try_encoding"));
}

bool looks_like_gb18030(std::string_view text) { return first_invalid_utf8(text).has_value() && from_encoding(text, "GB18030").has_value(); }

std::string format_bytes(uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " B";
  static constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  // 999.95 would print as 1000.0: it belongs to the next unit.
  while (value >= 999.95 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof(text), unit >= 2 ? "%.2f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

std::optional<std::string> nearest_spelling(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr size_t kLongestWord = 256;  // the matrix is quadratic, and nothing we name is longer
  if (word.empty() || word.size() > kLongestWord) return std::nullopt;
  const std::string wanted = lower(word);
  std::optional<std::string> best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kLongestWord) continue;
    const size_t distance = edit_distance(wanted, lower(candidate));
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace slm
