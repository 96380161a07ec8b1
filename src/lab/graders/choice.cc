#include "lab/graders/choice.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "chat/unicode.h"
#include "lab/graders/ascii_text.h"

namespace slm::lab {
namespace {

// Full-width letters and brackets as ASCII.
std::string plain_letters(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = chat::next_code_point(text, at);
    append_utf8(out, c >= 0xFF01 && c <= 0xFF5E ? c - 0xFEE0 : c);
  }
  return out;
}

// What may stand between "the answer is" and its letter.
constexpr std::string_view kFillers[] = {" ", "\n", "\t", ":", "*", "(", "[", "{", "\"", "'", "`", "_", "\\boxed", "\\text", "【", "「", "“", "‘",
                                         "选项", "是", "为", "应", "该", "选", "择", "option ", "choice ", "letter ", "is "};

// A letter and, in the lower-case copy of the text, where it stands.
struct Reader {
  std::string text, lower;
  char last;

  // The letter at `at`, when nothing alphanumeric goes on after it; 0: none.
  char letter_at(size_t at, bool small_too) const {
    if (at >= text.size()) return 0;
    char c = text[at];
    if (small_too && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c < 'A' || c > last) return 0;
    return at + 1 < text.size() && is_alnum(text[at + 1]) ? 0 : c;
  }

  size_t after_fillers(size_t at) const {
    constexpr size_t kMostBytes = 64;
    const size_t start = at;
    for (bool moved = true; moved && at - start < kMostBytes;) {
      moved = false;
      for (std::string_view filler : kFillers) {
        if (std::string_view(lower).substr(std::min(at, lower.size())).starts_with(filler)) {
          at += filler.size();
          moved = true;
          break;
        }
      }
    }
    return at;
  }

  // "A man", "I a" ...: an article, not an option.
  bool is_article(size_t at) const {
    const std::string_view rest = std::string_view(text).substr(at);
    return rest.size() > 2 && (rest[0] == 'A' || rest[0] == 'a') && rest[1] == ' ' && rest[2] >= 'a' && rest[2] <= 'z';
  }
};

constexpr std::string_view kStatements[] = {"答案是", "答案为", "答案应", "答案选", "答案:", "答案", "正确选项", "选项是", "应选", "故选", "应该选", "我选", "选择",
                                            "answer is", "answer:", "answer**:", "answer would be", "correct option", "correct choice",
                                            "i choose", "i would choose", "option is", "\\boxed"};

char stated_letter(const Reader& reader) {
  size_t best = std::string::npos;
  char letter = 0;
  for (std::string_view statement : kStatements) {
    for (size_t at = reader.lower.find(statement); at != std::string::npos && at < best; at = reader.lower.find(statement, at + 1)) {
      const size_t place = reader.after_fillers(at + statement.size());
      const char found = reader.letter_at(place, true);
      if (found == 0 || reader.is_article(place)) continue;
      best = at;
      letter = found;
      break;
    }
  }
  return letter;
}

char letter_alone(const Reader& reader) {
  const size_t first = reader.after_fillers(0);
  const bool in_brackets = first > 0 && (reader.text[first - 1] == '(' || reader.text[first - 1] == '[');
  if (const char found = reader.letter_at(first, in_brackets); found != 0 && !reader.is_article(first)) return found;
  constexpr std::string_view kAround = " \t\r*().:[]\"'`_";
  for (size_t begin = 0; begin <= reader.text.size();) {
    const size_t end = std::min(reader.text.find('\n', begin), reader.text.size());
    const std::string_view line = std::string_view(reader.text).substr(begin, end - begin);
    const size_t at = line.find_first_not_of(kAround);
    if (at != std::string_view::npos && line.find_last_not_of(kAround) == at) {
      if (const char found = reader.letter_at(begin + at, false)) return found;
    }
    begin = end + 1;
  }
  return 0;
}

char letter_somewhere(const Reader& reader) {
  for (size_t at = 0; at < reader.text.size(); ++at) {
    const bool goes_on = at > 0 && (is_alnum(reader.text[at - 1]) || reader.text[at - 1] == '\'');
    if (!goes_on && !reader.is_article(at)) {
      if (const char found = reader.letter_at(at, false)) return found;
    }
  }
  return 0;
}

}  // namespace

ChosenLetter chosen_letter(std::string_view answer, char last) {
  Reader reader{plain_letters(answer), {}, last};
  reader.lower = ascii_lower(reader.text);
  if (const char letter = stated_letter(reader)) return {letter, ChoiceEvidence::kStated};
  if (const char letter = letter_alone(reader)) return {letter, ChoiceEvidence::kAlone};
  if (const char letter = letter_somewhere(reader)) return {letter, ChoiceEvidence::kCushion};
  return {};
}

Result<Grade> grade_choice(const GradeRequest& request) {
  const std::string_view reference = request.reference;
  const bool has_last = reference.size() == 3 && reference[1] == '/';
  const char last = has_last ? reference[2] : 'D';
  if ((reference.size() != 1 && !has_last) || reference[0] < 'A' || reference[0] > last || last > 'Z') {
    return fail(ErrorKind::kCorrupt, "lab.grade.no_letter", reference);
  }
  Grade grade;
  const ChosenLetter found = chosen_letter(request.answer, last);
  if (found.evidence == ChoiceEvidence::kNone) {
    grade.marks.push_back("no_answer");
    return grade;
  }
  grade.extracted = std::string(1, found.letter);
  grade.value = found.letter == reference[0];
  if (found.evidence == ChoiceEvidence::kCushion) grade.marks.push_back("cushion");
  return grade;
}

}  // namespace slm::lab
