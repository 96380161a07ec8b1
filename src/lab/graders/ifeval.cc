#include "lab/graders/ifeval.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "lab/graders/ifeval_checkers.h"
#include "lab/graders/ifeval_text.h"

namespace slm::lab {
namespace {

std::string without_asterisks(std::string text) {
  std::erase(text, '*');
  return text;
}

// The answer and the seven that loose grading also takes.
std::array<std::string, 8> loose_variants(std::string_view answer) {
  const size_t first_end = answer.find('\n'), last_begin = answer.rfind('\n');
  const bool one_line = first_end == std::string_view::npos;
  const std::string no_first(one_line ? "" : ifeval::strip(answer.substr(first_end + 1)));
  const std::string no_last(one_line ? "" : ifeval::strip(answer.substr(0, last_begin)));
  const std::string neither(one_line || first_end == last_begin
                                ? ""
                                : ifeval::strip(answer.substr(first_end + 1, last_begin - first_end - 1)));
  const std::string whole(answer);
  return {whole,   without_asterisks(whole),    no_first, without_asterisks(no_first),
          no_last, without_asterisks(no_last), neither,  without_asterisks(neither)};
}

bool follows(const ifeval::Instruction& instruction, std::string_view answer) {
  return !ifeval::strip(answer).empty() && instruction.checker->follows(instruction.arguments, answer);
}

// Its value is the share of instructions followed.
Result<Grade> grade_instances(const GradeRequest& request, bool IfevalFlag::*level) {
  SLM_TRY(flags, ifeval_flags(request.answer, request.reference));
  Grade grade;
  size_t followed = 0;
  std::string broken;
  for (const IfevalFlag& flag : flags) {
    if (flag.*level) {
      ++followed;
    } else {
      broken += (broken.empty() ? ", not " : ", ") + flag.id;
    }
  }
  grade.weight = static_cast<double>(flags.size());
  grade.value = static_cast<double>(followed) / grade.weight;
  if (ifeval::strip(request.answer).empty()) {
    grade.marks.push_back("no_answer");
  } else {
    grade.extracted = std::to_string(followed) + " of " + std::to_string(flags.size()) + broken;
  }
  if (request.truncated) grade.marks.push_back("truncated");
  return grade;
}

Result<Grade> grade(const GradeRequest& request, bool IfevalFlag::*level) {
  SLM_TRY(grade, grade_instances(request, level));
  grade.value = grade.value == 1 ? 1 : 0;
  grade.weight = 1;
  return grade;
}

}  // namespace

Result<std::vector<IfevalFlag>> ifeval_flags(std::string_view answer, std::string_view reference) {
  SLM_TRY(instructions, ifeval::read_reference(reference));
  const std::array<std::string, 8> variants = loose_variants(to_valid_utf8(answer));
  std::vector<IfevalFlag> flags;
  for (const ifeval::Instruction& instruction : instructions) {
    IfevalFlag flag;
    flag.id = instruction.checker->id;
    flag.strict = follows(instruction, variants[0]);
    flag.loose = flag.strict || std::any_of(variants.begin() + 1, variants.end(),
                                            [&](const std::string& text) { return follows(instruction, text); });
    flags.push_back(std::move(flag));
  }
  return flags;
}

Result<Grade> grade_ifeval(const GradeRequest& request) { return grade(request, &IfevalFlag::strict); }

Result<Grade> grade_ifeval_loose(const GradeRequest& request) { return grade(request, &IfevalFlag::loose); }

Result<Grade> grade_ifeval_instances(const GradeRequest& request) { return grade_instances(request, &IfevalFlag::strict); }

Result<Grade> grade_ifeval_instances_loose(const GradeRequest& request) { return grade_instances(request, &IfevalFlag::loose); }

}  // namespace slm::lab
