// A comparison as one HTML file that needs nothing else: data, charts and both languages are in it, and it asks the network for nothing.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace slm::lab {

// A function of the comparison alone: the same JSON gives the same bytes. A content security policy allows the page's own script and style by
// their hashes and nothing else; texts from outside reach the page as JSON and text nodes, never as HTML.
// Errors: those of check_comparison().
Result<std::string> html_report(const nlohmann::ordered_json& comparison);

// JSON that may stand inside <script>: "<", U+2028 and U+2029 in strings are escaped.
std::string json_in_script(const nlohmann::ordered_json& json);
// Text that may stand between tags and in quoted attributes.
std::string html_text(std::string_view text);

}  // namespace slm::lab
