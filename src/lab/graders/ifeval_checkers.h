// The 25 checkers of IFEval and the arguments they take. Texts are characters as Python's str has them: white space, letters and
// case are Unicode's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm::lab::ifeval {

// A checker uses those of its parameters; the others keep their defaults.
struct Arguments {
  size_t count = 0;     // num_words, frequency, ...: at least 1
  size_t position = 0;  // nth_paragraph, from 1 to count
  bool at_least = true; // relation: "at least"; false: "less than"
  std::string text;     // keyword, letter, phrase, ...: stripped, not empty
  std::vector<std::string> texts;

  bool holds(size_t measured) const { return at_least ? measured >= count : measured < count; }
};

enum class Argument { kCount, kPosition, kRelation, kText, kTexts };

struct Parameter {
  std::string_view name;  // in kwargs
  Argument argument = Argument::kCount;
};

struct Checker {
  std::string_view id;                // "length_constraints:number_words"
  // `answer` is valid UTF-8 and not blank. Linear in its length.
  bool (*follows)(const Arguments& arguments, std::string_view answer);
  std::vector<Parameter> parameters;  // each must be given
};

const std::vector<Checker>& checkers();
// Null when there is none of that id.
const Checker* find_checker(std::string_view id);

struct Instruction {
  const Checker* checker = nullptr;
  Arguments arguments;
};

// Reads a reference (lab/graders/ifeval.h). Errors: kCorrupt with the JSON path.
Result<std::vector<Instruction>> read_reference(std::string_view reference);

// Words (ifeval_words.cc).
bool has_keywords(const Arguments&, std::string_view answer);
bool has_keyword_times(const Arguments&, std::string_view answer);
bool avoids_words(const Arguments&, std::string_view answer);
bool has_letter_times(const Arguments&, std::string_view answer);
bool has_word_count(const Arguments&, std::string_view answer);
bool has_sentence_count(const Arguments&, std::string_view answer);
bool has_capital_words(const Arguments&, std::string_view answer);
bool is_english_capital(const Arguments&, std::string_view answer);
bool is_english_lowercase(const Arguments&, std::string_view answer);
bool is_in_language(const Arguments&, std::string_view answer);
bool has_no_comma(const Arguments&, std::string_view answer);

// Layout (ifeval_layout.cc).
bool has_starred_paragraphs(const Arguments&, std::string_view answer);
bool has_paragraph_first_word(const Arguments&, std::string_view answer);
bool has_placeholders(const Arguments&, std::string_view answer);
bool has_postscript(const Arguments&, std::string_view answer);
bool has_bullets(const Arguments&, std::string_view answer);
bool has_highlights(const Arguments&, std::string_view answer);
bool has_sections(const Arguments&, std::string_view answer);
bool has_title(const Arguments&, std::string_view answer);
bool is_json(const Arguments&, std::string_view answer);
bool is_one_of_the_options(const Arguments&, std::string_view answer);
bool has_two_responses(const Arguments&, std::string_view answer);
bool repeats_prompt(const Arguments&, std::string_view answer);
bool ends_with_phrase(const Arguments&, std::string_view answer);
bool is_quoted(const Arguments&, std::string_view answer);

}  // namespace slm::lab::ifeval
