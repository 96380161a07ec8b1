// A comparison as text, in the language set for the process.
#pragma once

#include <string>

#include "lab/comparison.h"

namespace slm::lab {

// At most 80 columns; every line has the same display width; no character whose width terminals disagree about.
std::string terminal_table(const Comparison& comparison);
std::string markdown_report(const Comparison& comparison);

}  // namespace slm::lab
