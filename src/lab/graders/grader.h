// What tells a right answer from a wrong one: a named function of texts. A task names its grader (docs/formats/task.md); a new
// grader is one function and one row of graders().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm::lab {

struct GradeRequest {
  std::string_view prompt;     // the user's text as the task made it, without the chat template
  std::string_view answer;     // what the model wrote, without its end-of-turn token
  std::string_view reference;  // of the item: a number, a letter, a sentence or a JSON text; each grader says which
  bool truncated = false;      // the answer stopped at its token limit
};

struct Grade {
  double value = 0;                // 1 right, 0 wrong; or a score, higher is better
  std::string extracted;           // what was read off the answer; empty: nothing was found
  std::vector<std::string> marks;  // what a reader should know, in fixed words: "truncated", "no_answer", "cushion", "timeout"
  double weight = 1;               // of the item in a mean: how many things the value is a share of
  bool is_graded = true;           // false: nothing says what is right
};

struct Grader {
  std::string_view name;       // "number"
  // Errors: kCorrupt when `reference` is not what this grader reads; kNotFound when what it needs is not on this machine (the row
  // is then not measured, with that reason). A bad answer is never an error: it is a grade of 0.
  Result<Grade> (*grade)(const GradeRequest& request);
  bool is_rate = true;         // values are 1 and 0: their mean is a rate. Otherwise a score with a scale of its own
  bool is_share = false;       // of a score: that scale goes from 0 to 1, and an item weighs Grade::weight
};

const std::vector<Grader>& graders();
// Null when there is none of that name.
const Grader* find_grader(std::string_view name);

}  // namespace slm::lab
