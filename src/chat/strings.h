// Python's str methods over marked text; filters and methods share them. Each charges `budget` for its work.
#pragma once

#include <optional>
#include <vector>

#include "chat/budget.h"
#include "chat/marked_text.h"

namespace slm::chat {

MarkedText upper_of(const MarkedText& text, Budget& budget);
MarkedText lower_of(const MarkedText& text, Budget& budget);
MarkedText capitalized(const MarkedText& text, Budget& budget);
MarkedText swapped_case(const MarkedText& text, Budget& budget);
MarkedText titled(const MarkedText& text, Budget& budget);           // str.title
MarkedText jinja_titled(const MarkedText& text, Budget& budget);     // the filter: words start after space - ( { [ <

enum class Side { kBoth, kLeft, kRight };
// Without white space, or without the characters of `set`.
MarkedText stripped(const MarkedText& text, const std::string* set, Side side, Budget& budget);

// At most `limit` replacements; < 0: all.
MarkedText replaced(const MarkedText& text, const MarkedText& old, const MarkedText& by, int64_t limit, Budget& budget);

// At most `limit` splits; < 0: all. No separator: at runs of white space, without empty parts.
std::vector<MarkedText> split(const MarkedText& text, const std::string* separator, int64_t limit, Budget& budget);
std::vector<MarkedText> split_from_right(const MarkedText& text, const std::string* separator, int64_t limit,
                                         Budget& budget);
std::vector<MarkedText> lines_of(const MarkedText& text, bool keep_ends, Budget& budget);

MarkedText joined_by(const MarkedText& separator, const std::vector<MarkedText>& parts, Budget& budget);

// Padded with spaces to `width` characters.
enum class Alignment { kLeft, kCenter, kRight };
MarkedText padded(const MarkedText& text, int64_t width, const std::string& fill, Alignment alignment, Budget& budget);

}  // namespace slm::chat
