// Functions every template can call: range, namespace, dict, raise_exception, strftime_now.
#pragma once

#include <string_view>

#include "chat/interpreter.h"

namespace slm::chat {

const Function* find_global(std::string_view name);

}  // namespace slm::chat
