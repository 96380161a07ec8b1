#include "lab/graders/ifeval_text.h"

#include <utf8proc.h>

#include "chat/unicode.h"

namespace slm::lab::ifeval {
namespace {

bool is_numeral(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return true;
    default:
      return false;
  }
}

// Also what joins letters and has no width, as in Persian.
bool is_in_counted_word(char32_t c) {
  constexpr char32_t kNonJoiner = 0x200C, kJoiner = 0x200D;
  return chat::is_identifier_part(c) || c == kNonJoiner || c == kJoiner;
}

bool is_all(std::string_view text, bool (*is_wanted)(char32_t)) {
  bool any = false;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = chat::next_code_point(text, at);
    if (!chat::is_cased(c)) continue;
    if (!is_wanted(c)) return false;
    any = true;
  }
  return any;
}

}  // namespace

bool is_word_character(char32_t c) { return c == '_' || chat::is_alpha(c) || is_numeral(c); }

char32_t character_at(std::string_view text, size_t offset) {
  return offset < text.size() ? chat::next_code_point(text, offset) : U'\0';
}

size_t skip_spaces(std::string_view text, size_t offset) {
  for (size_t next = offset; next < text.size(); offset = next) {
    if (!chat::is_space(chat::next_code_point(text, next))) break;
  }
  return offset;
}

std::string_view strip(std::string_view text) {
  const chat::ByteRange kept = chat::strip_space(text, true, true);
  return text.substr(kept.begin, kept.end - kept.begin);
}

size_t count_words(std::string_view text) {
  size_t words = 0;
  bool in_word = false;
  for (size_t at = 0; at < text.size();) {
    const bool is_word = is_in_counted_word(chat::next_code_point(text, at));
    if (is_word && !in_word) ++words;
    in_word = is_word;
  }
  return words;
}

bool is_all_capital(std::string_view text) { return is_all(text, chat::is_upper); }
bool is_all_small(std::string_view text) { return is_all(text, chat::is_lower); }

}  // namespace slm::lab::ifeval
