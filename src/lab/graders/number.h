// Numbers read off answers to word problems: the two patterns of lm-evaluation-harness' gsm8k task, by hand and in linear time, and the
// reading that is fair to a chat model.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/graders/grader.h"

namespace slm::lab {

// The first match of `#### (\-?[0-9\.\,]+)`: its group, or nothing.
std::optional<std::string> strict_number(std::string_view answer);
// The last match of `(-?[$0-9.,]{2,})|(-?[0-9]+)`, or nothing.
std::optional<std::string> flexible_number(std::string_view answer);
// What lm-evaluation-harness drops before it compares: "," and "$", everything up to the last "#### ", a "." at the end; ASCII lower case.
std::string comparable_number(std::string_view text);

// The number an answer ends in: after the first "####", else of the last \boxed{}, else after the last "answer is" (and its like in other
// languages, of its line), else the last number. Its readings (number_text.h), likeliest first; empty: no number.
struct FinalNumber {
  std::vector<std::string> readings;
  bool as_asked = false;             // behind "####" or in \boxed{}
};
FinalNumber final_number(std::string_view answer);

// `reference`: a number, or a worked answer that ends in "#### n". Right when a reading of the final number equals it. Marks: "no_answer";
// "not_strict": right, but neither behind "####" nor in \boxed{}.
Result<Grade> grade_number(const GradeRequest& request);
// As lm-evaluation-harness' gsm8k counts it: strict-match and flexible-extract.
Result<Grade> grade_gsm8k_strict(const GradeRequest& request);
Result<Grade> grade_gsm8k_flexible(const GradeRequest& request);

}  // namespace slm::lab
