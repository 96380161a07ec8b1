// JSON from outside, behind limits; key order is kept (ordered_json), since tools and schemas must reach a chat template
// in their order. Include nlohmann/json_fwd.hpp in headers and this in bodies: the full header is slow to compile.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "base/result.h"

namespace slm {

using Json = nlohmann::ordered_json;

// Parses one document. Errors: kCorrupt with the byte offset ("base.json_syntax"), too deep, too large, bad UTF-8.
// Recursion is bounded by max_depth before anything is built.
Result<Json> parse_json(std::string_view text, size_t max_depth = limits::kJsonMaxDepth,
                        size_t max_bytes = limits::kJsonMaxBytes);

// Compact text; invalid UTF-8 is replaced by U+FFFD, never thrown on. `indent` < 0 is compact.
std::string to_text(const Json& json, int indent = -1);

}  // namespace slm
