#include "lab/graders/number.h"

#include <algorithm>
#include <array>

#include "lab/graders/ascii_text.h"
#include "lab/graders/number_text.h"

namespace slm::lab {
namespace {

bool is_number_character(char c) { return is_digit(c) || c == '.' || c == ','; }

constexpr std::string_view kHashes = "####";
constexpr std::string_view kBox = "\\boxed{";

// What says "here comes the answer", in ASCII lower case; the text is searched for it in the same case. Among them what the worked
// examples of MGSM's languages end in.
constexpr std::string_view kLeadIns[] = {
    "answer is", "answer:", "answer**:", "答案是", "答案为", "答案：", "答案:", "答：", "答:", "la respuesta es", "la réponse est",
    "die antwort lautet", "Ответ —", "Ответ:", "jibu ni", "答えは", "సమాధానం", "คำตอบคือ", "উত্তর হল",
};

// The first number in `text`; the one after the last "=" where a sum is worked out.
std::vector<std::string> stated_number(std::string_view text) {
  if (const size_t equals = text.rfind('='); equals != std::string_view::npos) {
    const auto after = numbers_in(text.substr(equals + 1));
    if (!after.empty()) return after.front().readings;
  }
  const auto numbers = numbers_in(text);
  return numbers.empty() ? std::vector<std::string>() : numbers.front().readings;
}

std::string_view line_at(std::string_view text, size_t at) {
  const std::string_view rest = text.substr(at);
  return rest.substr(0, rest.find('\n'));
}

// What the braces hold whose first one ends before `at`; to the end where they are not closed.
std::string_view inside_braces(std::string_view text, size_t at) {
  int depth = 1;
  for (size_t end = at; end < text.size(); ++end) {
    depth += text[end] == '{' ? 1 : text[end] == '}' ? -1 : 0;
    if (depth == 0) return text.substr(at, end - at);
  }
  return text.substr(at);
}

// "#### 18" and "#### **$18**" state an answer, the headings "#### Step 1" and "#### 1. First" do not.
std::vector<std::string> number_after_hashes(std::string_view text) {
  for (size_t at = text.find(kHashes); at != std::string_view::npos; at = text.find(kHashes, at + kHashes.size())) {
    const std::string_view line = line_at(text, at + kHashes.size());
    const auto numbers = numbers_in(line);
    if (numbers.empty() || line.find_first_not_of(" $*=-") < numbers[0].begin) continue;
    const std::string_view rest = line.substr(numbers[0].end);
    const bool is_heading = rest.starts_with(". ") || rest.starts_with(':') || rest.starts_with(')') || rest.starts_with("：") || rest.starts_with("、");
    if (!is_heading) return numbers[0].readings;
  }
  return {};
}

std::vector<std::string> boxed_number(std::string_view text) {
  const size_t at = text.rfind(kBox);
  if (at == std::string_view::npos) return {};
  return stated_number(inside_braces(text, at + kBox.size()));
}

std::vector<std::string> announced_number(std::string_view text) {
  const std::string lower = ascii_lower(text);
  size_t last = std::string::npos;
  for (std::string_view lead_in : kLeadIns) {
    const size_t at = lower.rfind(lead_in);
    if (at == std::string::npos) continue;
    const size_t end = at + lead_in.size();
    if (last == std::string::npos || end > last) last = end;
  }
  return last == std::string::npos ? std::vector<std::string>() : stated_number(line_at(text, last));
}

Result<Grade> grade_by_pattern(const GradeRequest& request, const std::optional<std::string>& found) {
  const std::string wanted = comparable_number(request.reference);
  if (wanted.empty()) return fail(ErrorKind::kCorrupt, "lab.grade.no_number", request.reference);
  Grade grade;
  if (!found) {
    grade.marks.push_back("no_answer");
    return grade;
  }
  grade.extracted = *found;
  grade.value = comparable_number(*found) == wanted;
  return grade;
}

}  // namespace

std::optional<std::string> strict_number(std::string_view answer) {
  constexpr std::string_view kLead = "#### ";
  for (size_t at = answer.find(kLead); at != std::string_view::npos; at = answer.find(kLead, at + 1)) {
    const size_t begin = at + kLead.size();
    const size_t digits = begin < answer.size() && answer[begin] == '-' ? begin + 1 : begin;
    size_t end = digits;
    while (end < answer.size() && is_number_character(answer[end])) ++end;
    if (end > digits) return std::string(answer.substr(begin, end - begin));
  }
  return std::nullopt;
}

std::optional<std::string> flexible_number(std::string_view answer) {
  std::optional<std::string> last;
  for (size_t at = 0; at < answer.size();) {
    const size_t begin = answer[at] == '-' ? at + 1 : at;
    size_t end = begin;
    while (end < answer.size() && (is_number_character(answer[end]) || answer[end] == '$')) ++end;
    // Two or more of "$0-9.,", or digits alone: one character must be a digit.
    const bool matches = end >= begin + 2 || (end == begin + 1 && is_digit(answer[begin]));
    if (matches) last = std::string(answer.substr(at, end - at));
    at = matches ? end : at + 1;
  }
  return last;
}

std::string comparable_number(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return c != ',' && c != '$'; });
  constexpr std::string_view kLead = "#### ";
  if (const size_t at = out.rfind(kLead); at != std::string::npos) out.erase(0, at + kLead.size());
  // "$" of a pattern is the end, or stands before a newline at the end.
  const size_t last = out.ends_with('\n') ? out.size() - 1 : out.size();
  if (last > 0 && out[last - 1] == '.') out.erase(last - 1, 1);
  return ascii_lower(out);
}

FinalNumber final_number(std::string_view answer) {
  const std::string text = plain_numbers(answer);
  for (const auto& asked_for : {number_after_hashes, boxed_number}) {
    if (auto readings = asked_for(text); !readings.empty()) return {std::move(readings), true};
  }
  if (auto readings = announced_number(text); !readings.empty()) return {std::move(readings), false};
  const auto numbers = numbers_in(text);
  return {numbers.empty() ? std::vector<std::string>() : numbers.back().readings, false};
}

Result<Grade> grade_number(const GradeRequest& request) {
  const FinalNumber wanted = final_number(request.reference);
  if (wanted.readings.empty()) return fail(ErrorKind::kCorrupt, "lab.grade.no_number", request.reference);
  Grade grade;
  const FinalNumber found = final_number(request.answer);
  if (found.readings.empty()) {
    grade.marks.push_back("no_answer");
    return grade;
  }
  const auto equal = std::find(found.readings.begin(), found.readings.end(), wanted.readings.front());
  grade.value = equal != found.readings.end();
  grade.extracted = grade.value == 1 ? *equal : found.readings.front();
  if (grade.value == 1 && !found.as_asked) grade.marks.push_back("not_strict");
  return grade;
}

Result<Grade> grade_gsm8k_strict(const GradeRequest& request) { return grade_by_pattern(request, strict_number(request.answer)); }

Result<Grade> grade_gsm8k_flexible(const GradeRequest& request) { return grade_by_pattern(request, flexible_number(request.answer)); }

}  // namespace slm::lab
