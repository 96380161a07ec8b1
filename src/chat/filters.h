// Filters by name. Contracts: a filter reads its subject and arguments as jinja2's filter of the same name does, charges the
// Interpreter's budget for its work, and raises Failure where jinja2 raises.
#pragma once

#include <string_view>

#include "chat/ast.h"

namespace slm::chat {

// nullptr when there is no such filter.
FilterFunction find_filter(std::string_view name);

struct NamedFilter {
  std::string_view name;
  FilterFunction filter;
};
// The two halves of the table: filters of text and numbers, and of sequences and mappings.
const std::vector<NamedFilter>& text_filters();
const std::vector<NamedFilter>& sequence_filters();

}  // namespace slm::chat
