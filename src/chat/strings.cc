#include "chat/strings.h"

#include <algorithm>

#include "chat/unicode.h"

namespace slm::chat {
namespace {

// A text of the same marks whose characters are what `write(out, offset, c)` gives for each character.
template <class Write>
MarkedText mapped(const MarkedText& text, Budget& budget, const Write& write) {
  budget.bytes(text.size() * 2);
  MarkedText out;
  std::string piece;
  for (size_t offset = 0; offset < text.size();) {
    const size_t begin = offset;
    const char32_t c = next_code_point(text.bytes(), offset);
    piece.clear();
    write(piece, begin, c);
    out.append(piece, text.from_input_at(begin));
  }
  return out;
}

}  // namespace

MarkedText upper_of(const MarkedText& text, Budget& budget) {
  return mapped(text, budget, [](std::string& out, size_t, char32_t c) { append_upper(out, c); });
}

MarkedText lower_of(const MarkedText& text, Budget& budget) {
  return mapped(text, budget, [&](std::string& out, size_t offset, char32_t) { append_lower(out, text.bytes(), offset); });
}

MarkedText capitalized(const MarkedText& text, Budget& budget) {
  return mapped(text, budget, [&](std::string& out, size_t offset, char32_t c) {
    if (offset == 0) {
      append_title(out, c);
    } else {
      append_lower(out, text.bytes(), offset);
    }
  });
}

MarkedText swapped_case(const MarkedText& text, Budget& budget) {
  return mapped(text, budget, [&](std::string& out, size_t offset, char32_t c) {
    if (is_upper(c)) {
      append_lower(out, text.bytes(), offset);
    } else if (is_lower(c)) {
      append_upper(out, c);
    } else {
      append_code_point(out, c);
    }
  });
}

MarkedText titled(const MarkedText& text, Budget& budget) {
  bool inside_word = false;
  return mapped(text, budget, [&](std::string& out, size_t offset, char32_t c) {
    if (inside_word) {
      append_lower(out, text.bytes(), offset);
    } else {
      append_title(out, c);
    }
    inside_word = is_cased(c);
  });
}

MarkedText jinja_titled(const MarkedText& text, Budget& budget) {
  bool at_word_start = true;
  size_t rest_begin = 0;
  return mapped(text, budget, [&](std::string& out, size_t offset, char32_t c) {
    const bool separates = is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
    if (separates || at_word_start) {
      append_upper(out, c);
      rest_begin = offset;
      next_code_point(text.bytes(), rest_begin);
    } else {
      // jinja2 lowers the rest of each word by itself: a capital sigma sees nothing before it.
      append_lower(out, std::string_view(text.bytes()).substr(rest_begin), offset - rest_begin);
    }
    at_word_start = separates;
  });
}

MarkedText stripped(const MarkedText& text, const std::string* set, Side side, Budget& budget) {
  budget.bytes(text.size() + (set != nullptr ? set->size() : 0));
  const bool left = side != Side::kRight, right = side != Side::kLeft;
  const ByteRange range = set == nullptr ? strip_space(text.bytes(), left, right) : strip_set(text.bytes(), *set, left, right);
  return text.slice(range.begin, range.end);
}

MarkedText replaced(const MarkedText& text, const MarkedText& old, const MarkedText& by, int64_t limit, Budget& budget) {
  budget.bytes(text.size() + old.size());
  MarkedText out;
  size_t copied = 0;
  const auto put = [&](size_t at, size_t length) {
    budget.bytes(by.size() + 16);
    out.append(text.slice(copied, at));
    out.append(by);
    if (out.size() > limits::kTemplateMaxOutputBytes) raise("chat.template_limit_bytes", limits::kTemplateMaxOutputBytes);
    copied = at + length;
  };
  if (old.empty()) {  // between all characters, and at both ends
    size_t offset = 0;
    for (int64_t n = 0; limit < 0 || n < limit; ++n) {
      put(offset, 0);
      if (offset >= text.size()) break;
      next_code_point(text.bytes(), offset);
    }
  } else {
    int64_t n = 0;
    for (size_t at = find_bytes(text.bytes(), old.bytes(), 0, text.size());
         at != std::string::npos && (limit < 0 || n < limit);
         at = find_bytes(text.bytes(), old.bytes(), copied, text.size()), ++n) {
      put(at, old.size());
    }
  }
  out.append(text.slice(copied, text.size()));
  return out;
}

namespace {

std::vector<MarkedText> split_at_space(const MarkedText& text, int64_t limit) {
  std::vector<MarkedText> parts;
  size_t at = 0;
  const std::string& bytes = text.bytes();
  for (;;) {
    at += strip_space(std::string_view(bytes).substr(at), true, false).begin;
    if (at >= bytes.size()) return parts;
    if (limit >= 0 && static_cast<int64_t>(parts.size()) >= limit) {
      parts.push_back(text.slice(at, bytes.size()));  // the rest stays whole
      return parts;
    }
    size_t end = at;
    for (size_t next = at; next < bytes.size();) {
      if (is_space(next_code_point(bytes, next))) break;
      end = next;
    }
    parts.push_back(text.slice(at, end));
    at = end;
  }
}

std::vector<MarkedText> split_at_space_from_right(const MarkedText& text, int64_t limit) {
  std::vector<MarkedText> parts;
  const std::string& bytes = text.bytes();
  size_t end = bytes.size();
  for (;;) {
    end = strip_space(std::string_view(bytes).substr(0, end), false, true).end;
    if (end == 0) break;
    if (limit >= 0 && static_cast<int64_t>(parts.size()) >= limit) {
      parts.push_back(text.slice(0, end));
      break;
    }
    size_t begin = end;
    while (begin > 0) {
      const size_t previous = previous_offset(bytes, begin);
      size_t at = previous;
      if (is_space(next_code_point(bytes, at))) break;
      begin = previous;
    }
    parts.push_back(text.slice(begin, end));
    end = begin;
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

// A split makes a value of each part.
void charge_split(const MarkedText& text, const std::string* separator, Budget& budget) {
  if (separator != nullptr && separator->empty()) raise("chat.template_argument", "split");
  budget.bytes(text.size() * 4);
}

}  // namespace

std::vector<MarkedText> split(const MarkedText& text, const std::string* separator, int64_t limit, Budget& budget) {
  charge_split(text, separator, budget);
  if (separator == nullptr) return split_at_space(text, limit);
  std::vector<MarkedText> parts;
  size_t begin = 0;
  while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
    const size_t at = find_bytes(text.bytes(), *separator, begin, text.size());
    if (at == std::string::npos) break;
    budget.items(1);
    parts.push_back(text.slice(begin, at));
    begin = at + separator->size();
  }
  parts.push_back(text.slice(begin, text.size()));
  return parts;
}

std::vector<MarkedText> split_from_right(const MarkedText& text, const std::string* separator, int64_t limit,
                                         Budget& budget) {
  charge_split(text, separator, budget);
  if (separator == nullptr) return split_at_space_from_right(text, limit);
  // The mirrored text, searched from its front.
  const std::string backward(text.bytes().rbegin(), text.bytes().rend());
  const std::string wanted(separator->rbegin(), separator->rend());
  std::vector<MarkedText> parts;
  size_t passed = 0;
  while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
    const size_t at = find_bytes(backward, wanted, passed, backward.size());
    if (at == std::string::npos) break;
    budget.items(1);
    parts.push_back(text.slice(text.size() - at, text.size() - passed));
    passed = at + wanted.size();
  }
  parts.push_back(text.slice(0, text.size() - passed));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<MarkedText> lines_of(const MarkedText& text, bool keep_ends, Budget& budget) {
  budget.bytes(text.size() * 4);
  std::vector<MarkedText> lines;
  size_t begin = 0;
  for (size_t offset = 0; offset < text.size();) {
    const size_t at = offset;
    const char32_t c = next_code_point(text.bytes(), offset);
    if (!is_line_break(c)) continue;
    if (c == '\r' && offset < text.size() && text.bytes()[offset] == '\n') ++offset;
    budget.items(1);
    lines.push_back(text.slice(begin, keep_ends ? offset : at));
    begin = offset;
  }
  if (begin < text.size()) lines.push_back(text.slice(begin, text.size()));
  return lines;
}

MarkedText joined_by(const MarkedText& separator, const std::vector<MarkedText>& parts, Budget& budget) {
  MarkedText out;
  for (size_t i = 0; i < parts.size(); ++i) {
    budget.bytes(parts[i].size() + separator.size());
    if (i != 0) out.append(separator);
    out.append(parts[i]);
    if (out.size() > limits::kTemplateMaxOutputBytes) raise("chat.template_limit_bytes", limits::kTemplateMaxOutputBytes);
  }
  return out;
}

MarkedText padded(const MarkedText& text, int64_t width, const std::string& fill, Alignment alignment, Budget& budget) {
  budget.bytes(text.size());
  const auto length = static_cast<int64_t>(count_code_points(text.bytes()));
  if (width <= length) return text;
  const auto missing = static_cast<uint64_t>(width - length);
  if (missing > limits::kTemplateMaxOutputBytes) raise("chat.template_limit_bytes", limits::kTemplateMaxOutputBytes);
  budget.bytes(missing * fill.size());
  // str.center puts the odd space left when the width is odd.
  const uint64_t left = alignment == Alignment::kLeft    ? 0
                        : alignment == Alignment::kRight ? missing
                                                         : missing / 2 + (missing & static_cast<uint64_t>(width) & 1);
  std::string before, after;
  for (uint64_t i = 0; i < left; ++i) before += fill;
  for (uint64_t i = left; i < missing; ++i) after += fill;
  MarkedText out(before, false);
  out.append(text);
  out.append(after, false);
  return out;
}

}  // namespace slm::chat
