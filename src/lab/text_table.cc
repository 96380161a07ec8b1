#include "lab/text_table.h"

#include <algorithm>

#include "base/result.h"
#include "base/text.h"

namespace slm::lab {
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

// Pieces that a line may be broken between: words with the spaces after them, single wide characters.
std::vector<std::string> breakable_pieces(std::string_view text) {
  std::vector<std::string> pieces;
  bool open = false;  // the last piece may still grow
  while (!text.empty()) {
    const std::string character(text.substr(0, character_length(text)));
    text.remove_prefix(character.size());
    const bool wide = display_width(character) > 1;
    if (!pieces.empty() && (character == " " || sticks_to_the_left(character))) {
      pieces.back() += character;
      open = false;
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

std::string TextTable::render() const {
  size_t whole = 3 * (widths_.size() - 1);  // " | " between cells
  for (size_t width : widths_) whole += width;
  std::string out;
  for (const auto& cells : rows_) {
    if (cells.empty()) {
      out += "+";
      for (size_t width : widths_) out += std::string(width + 2, '-') + "+";
      out += "\n";
      continue;
    }
    SLM_CHECK(cells.size() == widths_.size() || cells.size() == 1);
    std::vector<std::vector<std::string>> wrapped;
    size_t height = 0;
    for (size_t i = 0; i < cells.size(); ++i) {
      wrapped.push_back(wrap_text(cells[i], cells.size() == 1 ? whole : widths_[i]));
      height = std::max(height, wrapped.back().size());
    }
    for (size_t y = 0; y < height; ++y) {
      out += "|";
      for (size_t i = 0; i < cells.size(); ++i) {
        out += " " + pad_right(y < wrapped[i].size() ? wrapped[i][y] : "", cells.size() == 1 ? whole : widths_[i]) + " |";
      }
      out += "\n";
    }
  }
  return out;
}

std::string markdown_row(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const std::string& cell : cells) {
    out += " ";
    for (char c : printable(cell)) {
      if (c == '|' || c == '\\') out += '\\';
      out += c;
    }
    out += " |";
  }
  return out + "\n";
}

std::string markdown_rule(size_t cells) {
  std::string out = "|";
  for (size_t i = 0; i < cells; ++i) out += "---|";
  return out + "\n";
}

}  // namespace slm::lab
