// Answers compared as texts.
#pragma once

#include "lab/graders/grader.h"

namespace slm::lab {

// In all: whitespace around the answer does not count; mark "no_answer" where nothing is left. `reference`: one text, or a JSON list of texts
// of which any will do.

// The whole answer is that text, in that case.
Result<Grade> grade_exact(const GradeRequest& request);
// The text stands somewhere in the answer; ASCII letters in either case.
Result<Grade> grade_contains(const GradeRequest& request);
// `reference`: a regular expression (RE2's syntax, linear time) that matches somewhere in the answer; "^" and "$" are its ends. The extracted
// text is the first group's where there is one.
Result<Grade> grade_regex(const GradeRequest& request);

}  // namespace slm::lab
