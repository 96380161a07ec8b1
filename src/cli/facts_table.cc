#include "cli/facts_table.h"

#include <algorithm>

#include "base/message.h"
#include "base/text.h"

namespace slm::cli {

void FactsTable::add(std::string_view label_key, std::string value) {
  rows_.emplace_back(tr(label_key), std::move(value));
}

std::string FactsTable::text() const {
  size_t width = 0;
  for (const auto& [label, value] : rows_) width = std::max(width, display_width(label));
  std::string out;
  for (const auto& [label, value] : rows_) out += pad_right(label, width) + "  " + value + "\n";
  return out;
}

}  // namespace slm::cli
