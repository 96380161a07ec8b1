// `slm logits MODEL (PROMPT | --ids 1,2,3) --top K`: the best next tokens after each token.
#pragma once

#include "cli/command.h"

namespace slm::cli {

Run setup_logits(CLI::App& app);

}  // namespace slm::cli
