// How IFEval counts in a text: words, words in capitals, sentences; and what it takes for JSON.
#pragma once

#include <cstddef>
#include <string_view>

namespace slm::lab::ifeval {

// A character of a word where words end, as Python's \w has it: a letter, a number or "_", not a mark (most Indic vowel signs).
bool is_word_character(char32_t c);

// The character at `offset`, or 0 at the end.
char32_t character_at(std::string_view text, size_t offset);

// The first place from `offset` on that is no white space, or the end.
size_t skip_spaces(std::string_view text, size_t offset);

// Without white space at its ends.
std::string_view strip(std::string_view text);

// Runs of letters, marks, digits and "_".
size_t count_words(std::string_view text);

// At least one letter that has a case, and all such letters capital (small).
bool is_all_capital(std::string_view text);
bool is_all_small(std::string_view text);

// Words all in capitals, in the words of the Penn Treebank's tokenization: "IT'S" is IT and 'S, "CANNOT" is CAN and NOT, "WELL-DONE"
// is one (ifeval_capital_words.cc).
size_t count_capital_words(std::string_view text);

// Sentences (ifeval_sentences.cc).
size_t count_sentences(std::string_view text);

// One JSON value and nothing else, as Python's json.loads takes it: also NaN, Infinity, -Infinity and half a surrogate pair, no
// control character in a string (ifeval_json.cc). Any depth, in no more stack.
bool is_python_json(std::string_view text);

}  // namespace slm::lab::ifeval
