// A comparison for spreadsheets.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace slm::lab {

// RFC 4180 with a byte order mark (without it spreadsheets take Chinese for something else): a header, then for each row of the
// comparison a line whose `line` is "row", and after it one for each of its records, "record". Columns that a line has nothing for are
// empty. Numbers have all their digits; true and false are 1 and 0. Text that a spreadsheet would take for a formula has a ' before it.
// Errors: those of check_comparison().
Result<std::string> comparison_csv(const nlohmann::ordered_json& comparison);

}  // namespace slm::lab
