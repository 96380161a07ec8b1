// Values as text, as Python prints them.
#pragma once

#include <string>

#include "chat/value.h"

namespace slm::chat {

// str(value): what {{ value }} prints. A string keeps its marks; a container's text is from input when any string in it is.
MarkedText to_text(const Value& value, Budget& budget);

// repr(value): strings in quotes.
MarkedText to_repr(const Value& value, Budget& budget);

// repr() of a float: the shortest digits that read back, an exponent outside 1e-4 <= |f| < 1e16.
std::string float_text(double f);

// repr() of a string.
std::string quoted(std::string_view text);

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  bool has_indent = false;
  std::string indent;  // of one level; only where has_indent
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};
// json.dumps(value): raises on what JSON cannot say (undefined, generators, functions).
MarkedText to_json_text(const Value& value, const JsonStyle& style, Budget& budget);

}  // namespace slm::chat
