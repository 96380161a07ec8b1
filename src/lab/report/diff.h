// Two runs of the same two models, row by row: what was, what is.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace slm::lab {

// {models[{name, same_file}], same_device, rows[{id, table, label, labels, before, after, verdict_changed, items}]}; `before` and `after`
// are {a, b, shown, difference, ratio, interval, p, verdict}, null where a run has no such row. `items` is {a{shared, gained, lost}, b{...}}
// of rows that are right or wrong item by item: of the items in both runs, those that turned right and those that turned wrong; else null.
// Errors: those of check_comparison(); kUsage "lab.report.other_pair" when the models have other names.
Result<nlohmann::ordered_json> diff_comparisons(const nlohmann::ordered_json& before, const nlohmann::ordered_json& after);

// The same as a table for a terminal, in the language set for the process. REQUIRES: made by diff_comparisons().
std::string diff_table(const nlohmann::ordered_json& diff);

}  // namespace slm::lab
