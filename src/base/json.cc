#include "base/json.h"

#include <exception>

#include "base/text.h"

namespace slm {
namespace {

// The offset of the first bracket that opens a level deeper than `most`, or npos. Strings are skipped.
size_t too_deep_at(std::string_view text, size_t most) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      else if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > most) return i;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return std::string_view::npos;
}

}  // namespace

Result<Json> parse_json(std::string_view text, size_t max_depth, size_t max_bytes) {
  if (text.size() > max_bytes) return fail(ErrorKind::kDoesNotFit, "base.json_too_large", text.size(), max_bytes);
  if (const auto bad = first_invalid_utf8(text)) return fail(ErrorKind::kCorrupt, "base.json_utf8", *bad);
  // The parser and the tree's destructor recurse: the depth is bounded before they run.
  if (const size_t at = too_deep_at(text, max_depth); at != std::string_view::npos) {
    return fail(ErrorKind::kCorrupt, "base.json_too_deep", max_depth, at);
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return fail(ErrorKind::kCorrupt, "base.json_syntax", error.byte > 0 ? error.byte - 1 : 0);
  } catch (const std::exception& error) {  // a number out of range
    return fail(ErrorKind::kCorrupt, "base.json_value", error.what());
  }
}

std::string to_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slm
