// Tokens -> tree, by jinja2's grammar. Nesting is bounded (kTemplateMaxDepth levels of statements and brackets,
// kTemplateMaxExpressionDepth nodes).
#pragma once

#include <string_view>

#include "chat/ast.h"

namespace slm::chat {

// Raises Failure with the line.
Block parse_template(std::string_view source);

}  // namespace slm::chat
