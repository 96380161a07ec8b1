// `slm show MODEL`: what a model is, and what it takes to run.
#pragma once

#include "cli/command.h"

namespace slm::cli {

Run setup_show(CLI::App& app);

}  // namespace slm::cli
