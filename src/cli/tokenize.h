// `slm tokenize MODEL [TEXT]`: text -> ids and pieces, and back.
#pragma once

#include "cli/command.h"

namespace slm::cli {

Run setup_tokenize(CLI::App& app);

}  // namespace slm::cli
