// `slm doctor`: what slm sees of this machine.
#pragma once

#include "cli/command.h"

namespace slm::cli {

Run setup_doctor(CLI::App& app);

}  // namespace slm::cli
