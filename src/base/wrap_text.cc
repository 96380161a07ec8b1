#include "base/wrap_text.h"

#include <algorithm>

#include "base/result.h"
#include "base/text.h"

namespace slm {
namespace {

// The character that `text` begins with, in bytes. REQUIRES: valid UTF-8, not empty.
size_t character_length(std::string_view text) {
  size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) ++length;
  return length;
}

// Characters that may not begin a line in Chinese typesetting.
bool sticks_to_the_left(std::string_view character) {
  static constexpr std::string_view kMarks[] = {"，", "。", "、", "；", "：", "）", "？", "！", "》", "」"};
  return std::find(std::begin(kMarks), std::end(kMarks), character) != std::end(kMarks);
}

// The same of ASCII, behind a wide character: inside a word they are letters like others ("0.5", "a:b").
bool closes(std::string_view character) { return std::string_view(",;:.)]!?%").find(character) != std::string_view::npos; }

// A line may not end with it.
bool ends_with_opening(std::string_view piece) {
  static constexpr std::string_view kMarks[] = {"(", "[", "（", "《", "「"};
  return std::any_of(std::begin(kMarks), std::end(kMarks), [&](std::string_view mark) { return piece.ends_with(mark); });
}

// Pieces that a line may be broken between: words with the spaces after them, single wide characters.
std::vector<std::string> breakable_pieces(std::string_view text) {
  std::vector<std::string> pieces;
  bool open = false;  // the last piece may still grow
  while (!text.empty()) {
    const std::string character(text.substr(0, character_length(text)));
    text.remove_prefix(character.size());
    const bool wide = display_width(character) > 1;
    const bool sticks = sticks_to_the_left(character) || (!open && closes(character));
    if (!pieces.empty() && (character == " " || sticks)) {
      pieces.back() += character;
      open = false;
    } else if (!pieces.empty() && ends_with_opening(pieces.back())) {
      pieces.back() += character;
      open = !wide;
    } else if (wide || !open || pieces.empty()) {
      pieces.push_back(character);
      open = !wide;
    } else {
      pieces.back() += character;
    }
  }
  return pieces;
}

std::string without_trailing_spaces(std::string text) {
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace

std::vector<std::string> wrap_text(std::string_view text, size_t columns) {
  SLM_CHECK(columns >= 2);
  std::vector<std::string> lines;
  std::string line;
  for (const std::string& piece : breakable_pieces(printable(text))) {
    if (display_width(line + without_trailing_spaces(piece)) > columns && !line.empty()) {
      lines.push_back(without_trailing_spaces(line));
      line.clear();
    }
    line += piece;
    while (display_width(without_trailing_spaces(line)) > columns) {  // a word longer than a line
      size_t fits = 0;
      while (display_width(std::string_view(line).substr(0, fits + character_length(std::string_view(line).substr(fits)))) <= columns) {
        fits += character_length(std::string_view(line).substr(fits));
      }
      lines.push_back(line.substr(0, fits));
      line.erase(0, fits);
    }
  }
  lines.push_back(without_trailing_spaces(line));
  return lines;
}

}  // namespace slm
