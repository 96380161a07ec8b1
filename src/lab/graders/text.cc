#include "lab/graders/text.h"

#include <algorithm>

#include <re2/re2.h>

#include "base/json.h"
#include "lab/graders/ascii_text.h"

namespace slm::lab {
namespace {

// A reference that is a JSON list of texts is several; any other is one, as it stands.
Result<std::vector<std::string>> alternatives(std::string_view reference) {
  std::vector<std::string> texts;
  if (reference.starts_with('[')) {
    const auto list = parse_json(reference);
    const bool is_list = list && list->is_array() && std::all_of(list->begin(), list->end(), [](const Json& item) { return item.is_string(); });
    if (is_list) {
      for (const Json& item : *list) texts.push_back(item.get<std::string>());
    }
  }
  if (texts.empty()) texts.emplace_back(reference);
  for (const std::string& text : texts) {
    if (trimmed(text).empty()) return fail(ErrorKind::kCorrupt, "lab.grade.no_reference", reference);
  }
  return texts;
}

template <class Matches>
Result<Grade> grade_by(const GradeRequest& request, const Matches& matches) {
  SLM_TRY(wanted, alternatives(request.reference));
  Grade grade;
  const std::string_view answer = trimmed(request.answer);
  if (answer.empty()) {
    grade.marks.push_back("no_answer");
    return grade;
  }
  for (const std::string& text : wanted) {
    if (!matches(answer, trimmed(text))) continue;
    grade.value = 1;
    grade.extracted = std::string(trimmed(text));
    return grade;
  }
  grade.extracted = std::string(answer);
  return grade;
}

}  // namespace

Result<Grade> grade_exact(const GradeRequest& request) {
  return grade_by(request, [](std::string_view answer, std::string_view wanted) { return answer == wanted; });
}

Result<Grade> grade_contains(const GradeRequest& request) {
  return grade_by(request, [](std::string_view answer, std::string_view wanted) {
    return ascii_lower(answer).find(ascii_lower(wanted)) != std::string::npos;
  });
}

Result<Grade> grade_regex(const GradeRequest& request) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  const re2::RE2 pattern(re2::StringPiece(request.reference.data(), request.reference.size()), options);
  if (!pattern.ok()) return fail(ErrorKind::kCorrupt, "lab.grade.bad_regex", request.reference, pattern.error());
  Grade grade;
  const std::string_view answer = trimmed(request.answer);
  if (answer.empty()) {
    grade.marks.push_back("no_answer");
    return grade;
  }
  re2::StringPiece groups[2];
  const int n_groups = std::min(pattern.NumberOfCapturingGroups() + 1, 2);
  const re2::StringPiece text(answer.data(), answer.size());
  if (pattern.Match(text, 0, text.size(), re2::RE2::UNANCHORED, groups, n_groups)) {
    grade.value = 1;
    grade.extracted = groups[n_groups - 1].as_string();
  }
  return grade;
}

}  // namespace slm::lab
