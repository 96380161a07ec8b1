// `slm run MODEL [PROMPT]`: one answer, or a chat.
#pragma once

#include "cli/command.h"

namespace slm::cli {

Run setup_run(CLI::App& app);

}  // namespace slm::cli
