#include "cli/aligned_columns.h"

#include <algorithm>

#include "base/text.h"

namespace slm::cli {

std::string aligned_columns(const std::vector<std::vector<std::string>>& rows, size_t numbers_from) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      out += i >= numbers_from ? pad_left(row[i], widths[i]) : last ? row[i] : pad_right(row[i], widths[i]);
      out += last ? "\n" : "  ";
    }
  }
  return out;
}

}  // namespace slm::cli
