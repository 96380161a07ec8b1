// The prompt a user gives: an argument, a pipe, or both, in UTF-8 or another encoding.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace slm::cli {

// Text as UTF-8. `encoding`: "" for UTF-8, else iconv's name. `where`: what the text is, for the error.
// Errors: kCorrupt with the offset of the first bad byte, and --encoding gb18030 as a hint where it decodes as that.
Result<std::string> decode_text(const std::string& bytes, const std::string& encoding, const std::string& where);

// What a pipe or a redirected file brings on stdin, one line end at its end dropped; nothing where stdin is a terminal, a
// device (/dev/null) or closed. Errors: those of decode_text, kFailed, kDoesNotFit.
Result<std::optional<std::string>> piped_text(const std::string& encoding);

}  // namespace slm::cli
