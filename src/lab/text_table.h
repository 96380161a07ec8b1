// Tables of text for a terminal and for Markdown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/wrap_text.h"

namespace slm::lab {

inline constexpr size_t kTerminalColumns = 80;

// A framed table, ASCII but for the cells' own text; every line has the same display width. A row with one cell spans
// the table. Cells that do not fit are wrapped.
class TextTable {
 public:
  // Widths of the cells' text, without frame and spaces.
  explicit TextTable(std::vector<size_t> widths) : widths_(std::move(widths)) {}
  void add_line() { rows_.push_back({}); }                         // a horizontal line
  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }  // as many as widths, or one
  std::string render() const;

 private:
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> rows_;  // empty: a line
};

// One row of a Markdown table; what would end a cell is escaped.
std::string markdown_row(const std::vector<std::string>& cells);
std::string markdown_rule(size_t cells);

}  // namespace slm::lab
