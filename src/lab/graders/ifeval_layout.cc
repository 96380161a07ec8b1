#include <algorithm>
#include <array>
#include <optional>

#include "chat/unicode.h"
#include "lab/graders/ifeval_checkers.h"
#include "lab/graders/ifeval_text.h"

namespace slm::lab::ifeval {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool is_blank(std::string_view text) { return strip(text).empty(); }

bool is_space_at(std::string_view text, size_t offset) { return chat::is_space(character_at(text, offset)); }

// Past one white space at `offset`, if there is one.
size_t skip_space(std::string_view text, size_t offset) {
  if (is_space_at(text, offset)) chat::next_code_point(text, offset);
  return offset;
}

size_t skip_digits(std::string_view text, size_t offset) {
  for (size_t next = offset; next < text.size(); offset = next) {
    if (!chat::is_decimal(chat::next_code_point(text, next))) break;
  }
  return offset;
}

size_t end_of_line(std::string_view text, size_t offset) { return std::min(text.find('\n', offset), text.size()); }

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (size_t at; (at = chat::find_bytes(text, separator, begin, text.size())) != kNone; begin = at + separator.size()) {
    parts.push_back(text.substr(begin, at - begin));
  }
  parts.push_back(text.substr(begin));
  return parts;
}

// Parts that are not blank, when blank ones are only the first and the last; else nothing.
std::optional<size_t> count_filled(const std::vector<std::string_view>& parts) {
  size_t filled = parts.size();
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!is_blank(parts[i])) continue;
    if (i != 0 && i + 1 != parts.size()) return std::nullopt;
    --filled;
  }
  return filled;
}

// Lines that begin, after white space, with `mark`. White space goes over line ends: it joins blank lines to the bullet below.
// With `needs_more` a character other than the mark must follow, which may be the line end: then the next line is part of it.
size_t count_bullets(std::string_view text, char mark, bool needs_more) {
  size_t count = 0;
  for (size_t line = 0; line < text.size();) {
    const size_t at = skip_spaces(text, line);
    const bool is_mark = at < text.size() && text[at] == mark;
    if (!is_mark || (needs_more && (at + 1 == text.size() || text[at + 1] == mark))) {
      line = end_of_line(text, at) + 1;
      continue;
    }
    ++count;
    const size_t end = end_of_line(text, at + (needs_more ? 2 : 1));
    // Where it took the line end and the next line is empty, the search goes on at that line.
    line = text[end - 1] == '\n' ? end : end + 1;
  }
  return count;
}

// The end of a text with neither star nor line end, from `begin` on.
size_t end_of_highlight(std::string_view text, size_t begin) { return std::min(text.find_first_of("*\n", begin), text.size()); }

// *highlight*: pairs of stars in a line with something between them.
size_t count_single_highlights(std::string_view text) {
  size_t count = 0;
  for (size_t open = text.find('*'); open < text.size();) {
    const size_t close = end_of_highlight(text, open + 1);
    if (close < text.size() && text[close] == '*') {
      if (!is_blank(text.substr(open + 1, close - open - 1))) ++count;
      open = text.find('*', close + 1);
    } else {
      open = text.find('*', close);
    }
  }
  return count;
}

// **highlight**
size_t count_double_highlights(std::string_view text) {
  size_t count = 0;
  for (size_t open = text.find("**"); open < text.size();) {
    const size_t close = end_of_highlight(text, open + 2);
    if (text.substr(close, 2) == "**") {
      if (!is_blank(text.substr(open + 2, close - open - 2))) ++count;
      open = text.find("**", close + 2);
    } else {
      open = text.find("**", open + 1);
    }
  }
  return count;
}

// "The" of "'The, ...": up to a mark of punctuation, in small letters.
std::string first_word(std::string_view paragraph) {
  size_t begin = skip_spaces(paragraph, 0), end = begin;
  while (end < paragraph.size() && !is_space_at(paragraph, end)) chat::next_code_point(paragraph, end);
  std::string_view word = paragraph.substr(begin, end - begin);
  word.remove_prefix(std::min(word.find_first_not_of('\''), word.size()));
  word.remove_prefix(std::min(word.find_first_not_of('"'), word.size()));
  return chat::lower(word.substr(0, word.find_first_of(".,?!'\"")));
}

std::string_view without_prefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix ? text.substr(prefix.size()) : text;
}

}  // namespace

// Parts between "***" are counted, as the prompts ask for.
bool has_starred_paragraphs(const Arguments& arguments, std::string_view answer) {
  return count_filled(split(answer, "***")) == arguments.count;
}

bool has_paragraph_first_word(const Arguments& arguments, std::string_view answer) {
  const std::vector<std::string_view> paragraphs = split(answer, "\n\n");
  const auto filled = static_cast<size_t>(
      std::count_if(paragraphs.begin(), paragraphs.end(), [](std::string_view text) { return !is_blank(text); }));
  // The place counts blank paragraphs too, the number does not.
  return filled == arguments.count && first_word(paragraphs[arguments.position - 1]) == chat::lower(arguments.text);
}

// [placeholder]: from a "[" to the next "]" in its line.
bool has_placeholders(const Arguments& arguments, std::string_view answer) {
  size_t count = 0;
  for (size_t open = answer.find('['); open != kNone;) {
    const size_t close = answer.find_first_of("]\n", open + 1);
    if (close == kNone) break;
    if (answer[close] == ']') ++count;
    open = answer.find('[', close + 1);
  }
  return count >= arguments.count;
}

// "P.S." and "P.P.S" may have a space after each point; the last point of "P.P.S." is not asked for.
bool has_postscript(const Arguments& arguments, std::string_view answer) {
  const std::string folded = chat::lower(answer);
  const std::string_view text = folded;
  const bool twice = arguments.text == "P.P.S";
  if (!twice && arguments.text != "P.S.") {
    return chat::find_bytes(text, chat::lower(arguments.text), 0, text.size()) != kNone;
  }
  for (size_t p = text.find("p."); p != kNone; p = text.find("p.", p + 1)) {
    const size_t next = skip_space(text, p + 2);
    if (!twice && text.substr(next, 2) == "s.") return true;
    if (twice && text.substr(next, 2) == "p." && text.substr(skip_space(text, next + 2), 1) == "s") return true;
  }
  return false;
}

// "* point" and "- point"; a line of dashes is a point too, a line in bold letters is none.
bool has_bullets(const Arguments& arguments, std::string_view answer) {
  constexpr bool kNeedsMore = true;
  const size_t stars = count_bullets(answer, '*', kNeedsMore), dashes = count_bullets(answer, '-', !kNeedsMore);
  return stars + dashes == arguments.count;
}

bool has_highlights(const Arguments& arguments, std::string_view answer) {
  return count_single_highlights(answer) + count_double_highlights(answer) >= arguments.count;
}

// "Section 1": the word, a white space at most, digits.
bool has_sections(const Arguments& arguments, std::string_view answer) {
  size_t count = 0;
  for (size_t at = 0; (at = chat::find_bytes(answer, arguments.text, at, answer.size())) != kNone;) {
    const size_t digits = skip_space(answer, at + arguments.text.size());
    const size_t end = skip_digits(answer, digits);
    if (end > digits) ++count;
    at = end > digits ? end : at + 1;
  }
  return count >= arguments.count;
}

// <<title>>: from the first "<<" of a line to its last ">>", with more than brackets between.
bool has_title(const Arguments&, std::string_view answer) {
  for (size_t open = answer.find("<<"); open != kNone;) {
    const size_t end = end_of_line(answer, open);
    const std::string_view line = answer.substr(open, end - open);
    const size_t close = line.rfind(">>");
    if (close != kNone && close > 2) {
      std::string_view title = line.substr(0, close);
      title.remove_prefix(std::min(title.find_first_not_of('<'), title.size()));
      title.remove_suffix(title.size() - (title.find_last_not_of('>') + 1));
      if (!is_blank(title)) return true;
    }
    open = answer.find("<<", end);
  }
  return false;
}

// A fence around it is taken off.
bool is_json(const Arguments&, std::string_view answer) {
  std::string_view text = strip(answer);
  for (const char* fence : {"```json", "```Json", "```JSON", "```"}) text = without_prefix(text, fence);
  if (text.size() >= 3 && text.substr(text.size() - 3) == "```") text.remove_suffix(3);
  return is_python_json(strip(text));
}

bool is_one_of_the_options(const Arguments&, std::string_view answer) {
  constexpr std::array<std::string_view, 3> kOptions = {"My answer is yes.", "My answer is no.", "My answer is maybe."};
  return std::any_of(kOptions.begin(), kOptions.end(), [answer](std::string_view one) { return answer.find(one) != kNone; });
}

bool has_two_responses(const Arguments&, std::string_view answer) {
  std::vector<std::string_view> parts = split(answer, "******");
  if (count_filled(parts) != 2u) return false;
  std::erase_if(parts, is_blank);
  return strip(parts[0]) != strip(parts[1]);
}

bool repeats_prompt(const Arguments& arguments, std::string_view answer) {
  const std::string wanted = chat::lower(arguments.text);
  return chat::lower(strip(answer)).compare(0, wanted.size(), wanted) == 0;
}

// Quotation marks after the phrase are passed over.
bool ends_with_phrase(const Arguments& arguments, std::string_view answer) {
  std::string_view text = strip(answer);
  text = text.substr(0, text.find_last_not_of('"') + 1);
  const std::string end = chat::lower(text), wanted = chat::lower(arguments.text);
  return end.size() >= wanted.size() && end.compare(end.size() - wanted.size(), wanted.size(), wanted) == 0;
}

bool is_quoted(const Arguments&, std::string_view answer) {
  const std::string_view text = strip(answer);
  return text.size() > 1 && text.front() == '"' && text.back() == '"';
}

}  // namespace slm::lab::ifeval
