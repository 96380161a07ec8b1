// Graders of code: the model's program runs in the sandbox (sandbox/sandbox.h), and nowhere else.
//
// Three programs, each in a sandbox of its own, so that they share no process, file or memory:
//   reference  runs the item's own solution: the calls to make, what they give, how long they may take;
//   worker     runs the model's program with these calls and writes what it answered; it knows no expected result;
//   judge      compares, with the worker's output as plain data.
// So there is no mark of success to forge, no test to patch and no exit that counts: a program passes by right answers only.
// What passes from one to the next is in code_values.py. Limits of time: 4 s a call, or four times what the item's own solution takes, as in
// EvalPlus; 10 s in all, or ten times the item's own, at most 60 s.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "lab/graders/grader.h"
#include "lab/sandbox/sandbox.h"

namespace slm::lab {

enum class CodeVerdict { kPass, kAssertion, kException, kSyntax, kTimeout, kMemory, kNoCode };
// "pass", "assertion", "exception", "syntax", "timeout", "memory", "no_code".
std::string_view name_of(CodeVerdict verdict);

enum class CodeSet { kHumanEval, kMbpp };

struct CodeOutcome {
  CodeVerdict verdict = CodeVerdict::kNoCode;
  std::string text;          // why it did not pass: the exception, or arguments, value and expected value; untrusted
  bool base_passed = false;  // of a set with added tests (EvalPlus): the set's own pass
};

// `item` is one line of the set's file, as JSON: task_id, prompt, entry_point, canonical_solution, and either test (HumanEval) or base_input,
// plus_input and atol (HumanEval+, MBPP+). `program` is the whole program; the item's prompt runs before it, for its imports.
// Errors: kCorrupt when the item is not such an item or its own solution fails; kFailed when a sandbox did not come up, was interrupted, or gave
// the item's own solution too little time or memory on this machine.
Result<CodeOutcome> check_code(const Sandbox& sandbox, CodeSet set, std::string_view item, std::string_view program);

// Graders (grader.h). The reference is the item. The grade is 1 when every test passes, extracted is the program; marks: the verdict where it is not
// "pass", "base_passed" when only the added tests failed, "truncated". Errors besides those above: kNotFound, with the reason, where this
// machine has no sandbox: the row is not measured. kFailed is the machine's fault, never the answer's: such an item counts neither way.
Result<Grade> grade_humaneval(const GradeRequest& request);
Result<Grade> grade_mbpp(const GradeRequest& request);

}  // namespace slm::lab
