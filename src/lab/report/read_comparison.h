// A comparison back from its JSON, so that a kept run can be shown and computed again.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "lab/comparison.h"

namespace slm::lab {

// The inverse of comparison_json(), but for texts: labels and reasons are those of the language set for the process, in every language.
// Errors: those of check_comparison(); kCorrupt "lab.report.bad_key" for a verdict that is none of docs/json.md.
Result<Comparison> read_comparison(const nlohmann::ordered_json& comparison);

}  // namespace slm::lab
