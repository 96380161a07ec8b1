#include "lab/text_table.h"

#include <algorithm>

#include "base/result.h"
#include "base/text.h"

namespace slm::lab {
std::string TextTable::render() const {
  size_t whole = 3 * (widths_.size() - 1);  // " | " between cells
  for (size_t width : widths_) whole += width;
  std::string out;
  for (const auto& cells : rows_) {
    if (cells.empty()) {
      out += "+";
      for (size_t width : widths_) out += std::string(width + 2, '-') + "+";
      out += "\n";
      continue;
    }
    SLM_CHECK(cells.size() == widths_.size() || cells.size() == 1);
    std::vector<std::vector<std::string>> wrapped;
    size_t height = 0;
    for (size_t i = 0; i < cells.size(); ++i) {
      wrapped.push_back(wrap_text(cells[i], cells.size() == 1 ? whole : widths_[i]));
      height = std::max(height, wrapped.back().size());
    }
    for (size_t y = 0; y < height; ++y) {
      out += "|";
      for (size_t i = 0; i < cells.size(); ++i) {
        out += " " + pad_right(y < wrapped[i].size() ? wrapped[i][y] : "", cells.size() == 1 ? whole : widths_[i]) + " |";
      }
      out += "\n";
    }
  }
  return out;
}

std::string markdown_row(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const std::string& cell : cells) {
    out += " ";
    for (char c : printable(cell)) {
      if (c == '|' || c == '\\') out += '\\';
      out += c;
    }
    out += " |";
  }
  return out + "\n";
}

std::string markdown_rule(size_t cells) {
  std::string out = "|";
  for (size_t i = 0; i < cells; ++i) out += "---|";
  return out + "\n";
}

}  // namespace slm::lab
