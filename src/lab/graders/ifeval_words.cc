#include "chat/unicode.h"
#include "lab/graders/ifeval_checkers.h"
#include "lab/graders/ifeval_text.h"
#include "lab/graders/language_id.h"

namespace slm::lab::ifeval {
namespace {

bool is_word_before(std::string_view text, size_t offset) {
  if (offset == 0) return false;
  size_t at = chat::previous_offset(text, offset);
  return is_word_character(chat::next_code_point(text, at));
}

bool is_word_at(std::string_view text, size_t offset) { return is_word_character(character_at(text, offset)); }

// Between a character of a word and one that is not, an end of the text among these.
bool is_word_boundary(std::string_view text, size_t offset) { return is_word_before(text, offset) != is_word_at(text, offset); }

bool has_whole_word(std::string_view text, std::string_view word) {
  for (size_t at = 0;; ++at) {
    at = chat::find_bytes(text, word, at, text.size());
    if (at == std::string_view::npos) return false;
    if (is_word_boundary(text, at) && is_word_boundary(text, at + word.size())) return true;
  }
}

size_t count_occurrences(std::string_view text, std::string_view needle) {
  size_t count = 0;
  for (size_t at = 0; (at = chat::find_bytes(text, needle, at, text.size())) != std::string_view::npos; at += needle.size()) ++count;
  return count;
}

// Nothing to tell a language from, a number alone, counts as the right one.
bool is_in(std::string_view answer, std::string_view language) {
  const std::string code = identify_language(answer).code;
  return code.empty() || code == language;
}

}  // namespace

// A keyword is found anywhere, in a longer word too.
bool has_keywords(const Arguments& arguments, std::string_view answer) {
  const std::string folded = chat::lower(answer);
  for (const std::string& keyword : arguments.texts) {
    if (chat::find_bytes(folded, chat::lower(keyword), 0, folded.size()) == std::string_view::npos) return false;
  }
  return true;
}

bool has_keyword_times(const Arguments& arguments, std::string_view answer) {
  return arguments.holds(count_occurrences(chat::lower(answer), chat::lower(arguments.text)));
}

// A forbidden word counts only as a whole word.
bool avoids_words(const Arguments& arguments, std::string_view answer) {
  const std::string folded = chat::lower(answer);
  for (const std::string& word : arguments.texts) {
    if (has_whole_word(folded, chat::lower(word))) return false;
  }
  return true;
}

bool has_letter_times(const Arguments& arguments, std::string_view answer) {
  return arguments.holds(count_occurrences(chat::lower(answer), chat::lower(arguments.text)));
}

bool has_word_count(const Arguments& arguments, std::string_view answer) { return arguments.holds(count_words(answer)); }

bool has_sentence_count(const Arguments& arguments, std::string_view answer) { return arguments.holds(count_sentences(answer)); }

bool has_capital_words(const Arguments& arguments, std::string_view answer) {
  return arguments.holds(count_capital_words(answer));
}

bool is_english_capital(const Arguments&, std::string_view answer) { return is_all_capital(answer) && is_in(answer, "en"); }

bool is_english_lowercase(const Arguments&, std::string_view answer) { return is_all_small(answer) && is_in(answer, "en"); }

bool is_in_language(const Arguments& arguments, std::string_view answer) { return is_in(answer, arguments.text); }

bool has_no_comma(const Arguments&, std::string_view answer) { return answer.find(',') == std::string_view::npos; }

}  // namespace slm::lab::ifeval
