// Text broken into lines, for a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace slm {

// Printable `text` in lines of at most `columns` (REQUIRES: columns >= 2): broken at spaces, between wide characters, and inside a word only
// where it is longer than a line.
std::vector<std::string> wrap_text(std::string_view text, size_t columns);

}  // namespace slm
