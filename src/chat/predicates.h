// Tests by name: what stands behind "is".
#pragma once

#include <string_view>

#include "chat/ast.h"

namespace slm::chat {

// nullptr when there is no such test.
TestFunction find_test(std::string_view name);

}  // namespace slm::chat
