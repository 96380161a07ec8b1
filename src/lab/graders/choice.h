// The letter of the option an answer chooses.
#pragma once

#include <string_view>

#include "lab/graders/grader.h"

namespace slm::lab {

enum class ChoiceEvidence : uint8_t {
  kNone,       // no letter
  kStated,     // "答案是B", "The answer is (B)", "应选 B"
  kAlone,      // the answer begins with it, or it has a line of its own
  kCushion,    // a letter stands somewhere: it may be there by chance
};
struct ChosenLetter {
  char letter = 0;
  ChoiceEvidence evidence = ChoiceEvidence::kNone;
};
// Letters 'A' to `last`; the first that is stated, else the first alone, else the first anywhere that is not part of a word. Full-width
// letters count; lower-case ones only where stated or alone in brackets.
ChosenLetter chosen_letter(std::string_view answer, char last);

// `reference`: the right letter, of A to D; "C/F": of A to F. Marks: "no_answer"; "cushion": the letter was only found somewhere.
Result<Grade> grade_choice(const GradeRequest& request);

}  // namespace slm::lab
