// The chat on a terminal.
#pragma once

#include "cli/conversation.h"

namespace slm::cli {

// Reads lines until /bye or the end of input. Ctrl-C stops an answer, or throws away the line being typed.
Status hold_chat(OpenedModel& opened, RunFlags& flags);

}  // namespace slm::cli
