// The commands of a chat: lines that begin with "/".
#pragma once

#include <optional>
#include <string>

#include "cli/conversation.h"

namespace slm::cli {

enum class ChatVerdict { kGoOn, kLeave };

// Runs "/set temperature 0.2" and the like. Errors are shown by the caller; the chat goes on.
Result<ChatVerdict> run_chat_command(Conversation& conversation, const std::string& line,
                                     const std::optional<Generation>& last);

}  // namespace slm::cli
