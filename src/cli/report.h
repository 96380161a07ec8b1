// `slm report`: the comparisons that were made, shown again, written to files, merged, compared.
#pragma once

#include <string>

#include "base/json.h"
#include "cli/command.h"
#include "lab/comparison.h"

namespace slm::cli {

Run setup_report(CLI::App& app);

// A comparison for a terminal: the table, and under it what follows from it. `json` is the same comparison.
std::string text_report(const lab::Comparison& comparison, const Json& json);

// Where finished comparisons are kept.
std::string run_store_path();

}  // namespace slm::cli
