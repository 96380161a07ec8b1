// `slm version`.
#pragma once

#include "cli/command.h"

namespace slm::cli {

Run setup_version(CLI::App& app);

}  // namespace slm::cli
