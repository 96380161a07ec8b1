// Rows of cells as text for a terminal.
#pragma once

#include <string>
#include <vector>

namespace slm::cli {

// Columns as wide as their widest cell, two apart; the last is not padded. REQUIRES: not empty, as many cells in each row.
std::string aligned_columns(const std::vector<std::vector<std::string>>& rows);

}  // namespace slm::cli
