// IFEval: does an answer do what the prompt asks of its form? 25 kinds of instructions a program can check, from Zhou et al.,
// "Instruction-Following Evaluation for Large Language Models" (2023), graded as lm-evaluation-harness does;
// tests/golden/ifeval/README.md says how that was compared and where it differs.
//
// The reference of an item is JSON as in the published set:
//   {"instruction_id_list": ["punctuation:no_comma", ...], "kwargs": [{}, ...]}
// with one object of arguments an instruction; other keys beside these two are passed over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/graders/grader.h"

namespace slm::lab {

// One instruction of an item. Strict: the answer as it stands. Loose: as it stands, or without its first line, its last, both (a
// greeting, a closing word), each also without asterisks.
struct IfevalFlag {
  std::string id;  // "punctuation:no_comma"
  bool strict = false;
  bool loose = false;
};

// In the order of the reference. An empty answer follows nothing. Errors: kCorrupt, naming the place in the reference
// ("$.kwargs[1].num_words").
Result<std::vector<IfevalFlag>> ifeval_flags(std::string_view answer, std::string_view reference);

// 1 when every instruction is followed (prompt level), else 0. `extracted`: "2 of 3, not punctuation:no_comma". Errors as above.
Result<Grade> grade_ifeval(const GradeRequest& request);        // strict
Result<Grade> grade_ifeval_loose(const GradeRequest& request);
// The share of its instructions that are followed, weighed by their number (instruction level).
Result<Grade> grade_ifeval_instances(const GradeRequest& request);
Result<Grade> grade_ifeval_instances_loose(const GradeRequest& request);

}  // namespace slm::lab
