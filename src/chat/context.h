// The variables of a template out of JSON, each string marked by where it came from.
#pragma once

#include <string_view>

#include "base/result.h"
#include "chat/value.h"

namespace slm::chat {

// `json`: one object. Its top-level strings whose names end in "_token" (bos_token, eos_token ...) are the model's own words;
// everything else, roles and tool definitions included, came from outside and is marked so. Errors: those of parse_json;
// kFailed "chat.context_not_object", "chat.context_number" (an integer outside 64 bits).
Result<Dict> context_from_json(std::string_view json);

}  // namespace slm::chat
