// What stands below the table of a comparison: a sustained run by the minute, the answers to a user's own prompts side by side. Pure
// functions of records; empty where there are none.
#pragma once

#include <string>

#include "lab/comparison.h"

namespace slm::lab {

// A line a bucket of "sustained_decode", clock and temperature beside it; of many, some at even distances. At most 80 columns, every line as wide.
std::string terminal_series(const Comparison& comparison);
std::string markdown_series(const Comparison& comparison);

// The first few prompts with both answers, each cut to a few lines; says where the rest stands. At most 80 columns, every line as wide.
std::string terminal_answers(const Comparison& comparison);
// All prompts, whole.
std::string markdown_answers(const Comparison& comparison);

}  // namespace slm::lab
