// `slm report`: the comparisons that were made, shown again, written to files, merged, compared.
#pragma once

#include <string>

#include "cli/command.h"

namespace slm::cli {

Run setup_report(CLI::App& app);

// Where finished comparisons are kept.
std::string run_store_path();

}  // namespace slm::cli
