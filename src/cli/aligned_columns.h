// Rows of cells as text for a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace slm::cli {

// Columns as wide as their widest cell, two apart; those from `numbers_from` on stand at the right of their column, of the others the last is
// not padded. REQUIRES: not empty, as many cells in each row.
std::string aligned_columns(const std::vector<std::vector<std::string>>& rows, size_t numbers_from = SIZE_MAX);

}  // namespace slm::cli
