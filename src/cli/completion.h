// `slm completion bash|zsh`: a script for the shell, made from the commands' own flags.
#pragma once

#include "cli/command.h"

namespace slm::cli {

Run setup_completion(CLI::App& app);

}  // namespace slm::cli
