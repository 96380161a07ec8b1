// The one word or number that a file of /sys holds.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace slm::lab {

// Errors: kNotFound or kFailed as read_text_file; kFailed when it is no whole number ("lab.energy.no_number").
Result<std::string> read_word(const std::string& path);
Result<int64_t> read_number(const std::string& path);

}  // namespace slm::lab
