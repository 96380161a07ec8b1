// The prompt a user gives: an argument, a pipe, or both, in UTF-8 or another encoding.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/text.h"

namespace slm::cli {

// What a pipe or a redirected file brings on stdin, one line end at its end dropped; nothing where stdin is a terminal, a
// device (/dev/null) or closed. Errors: those of decode_text, kFailed, kDoesNotFit.
Result<std::optional<std::string>> piped_text(const std::string& encoding);

}  // namespace slm::cli
