#include "lab/graders/code.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "lab/graders/code_extract.h"
#include "lab/graders/code_programs.h"

namespace slm::lab {
namespace {

constexpr std::array kVerdicts = {
    std::pair{CodeVerdict::kPass, std::string_view("pass")},           std::pair{CodeVerdict::kAssertion, std::string_view("assertion")},
    std::pair{CodeVerdict::kException, std::string_view("exception")}, std::pair{CodeVerdict::kSyntax, std::string_view("syntax")},
    std::pair{CodeVerdict::kTimeout, std::string_view("timeout")},     std::pair{CodeVerdict::kMemory, std::string_view("memory")},
    std::pair{CodeVerdict::kNoCode, std::string_view("no_code")}};

// As the programs take it.
std::string_view name_of(CodeSet set) { return set == CodeSet::kMbpp ? "mbpp" : "humaneval"; }

constexpr double kReferenceSeconds = 120;  // the item's own solution, all its calls
constexpr double kStartSeconds = 5;        // for Python and the sandbox to come up on a busy machine

// What the programs read: the parts' lengths, then the parts.
std::string joined(std::initializer_list<std::string_view> parts) {
  std::string lengths, content;
  for (const std::string_view part : parts) {
    lengths += std::to_string(part.size()) + " ";
    content += part;
  }
  return lengths + "\n" + content;
}

SandboxLimits limits_for(double seconds) {
  SandboxLimits limits;
  limits.wall_seconds = seconds + kStartSeconds;
  limits.cpu_seconds = static_cast<uint32_t>(std::ceil(seconds + kStartSeconds));
  limits.output_bytes = limits::kCodeMaxResultBytes;
  return limits;
}

Result<SandboxRun> run_started(const Sandbox& sandbox, const std::string& program, const std::string& input, double seconds) {
  SLM_TRY(run, sandbox.run(program, input, limits_for(seconds)));
  if (!run.started) return fail(ErrorKind::kFailed, "lab.code.no_start", printable(run.error_output.substr(0, 300)));
  return run;
}

struct Reference {
  std::string prompt, entry_point;  // the item's
  double total_seconds = 0;         // allowed for all calls
  std::string calls, expected;      // JSON, for the worker and the judge
};

// What items' own solutions gave: every model is asked the same items. Emptied when it is full.
class ReferenceCache {
 public:
  std::shared_ptr<const Reference> find(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(key);
    return found == known_.end() ? nullptr : found->second;
  }
  void add(const std::string& key, std::shared_ptr<const Reference> reference) {
    const std::lock_guard lock(mutex_);
    const size_t bytes = key.size() + reference->calls.size() + reference->expected.size();
    if (bytes_ + bytes > limits::kCodeMaxCachedBytes) {
      known_.clear();
      bytes_ = 0;
    }
    if (known_.emplace(key, std::move(reference)).second) bytes_ += bytes;
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Reference>> known_;  // by set and item
  size_t bytes_ = 0;
};

Result<Reference> run_reference(const Sandbox& sandbox, std::string_view set, std::string_view item) {
  SLM_TRY(run, run_started(sandbox, code_reference_program(), joined({set, item}), kReferenceSeconds));
  // Too slow or killed: this machine's fault, not the item's.
  if (run.out_of_time() || run.exit_code > 128) return fail(ErrorKind::kFailed, "lab.code.no_reference", run.exit_code);
  const auto bad = [](std::string_view why) { return fail(ErrorKind::kCorrupt, "lab.code.bad_item", printable(why)); };
  std::array<std::string_view, 3> lines;
  std::string_view rest = run.output;
  for (std::string_view& line : lines) {
    line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  const auto head = parse_json(lines[0]);
  if (!head || !head->is_object()) return bad("exit code " + std::to_string(run.exit_code));
  if (head->contains("error")) return bad((*head)["error"].get<std::string>());
  if (run.output_cut || lines[2].empty()) return bad("output");
  return Reference{(*head)["prompt"].get<std::string>(), (*head)["entry_point"].get<std::string>(), (*head)["total"].get<double>(),
                   std::string(lines[1]), std::string(lines[2])};
}

Result<std::shared_ptr<const Reference>> reference_of(const Sandbox& sandbox, std::string_view set, std::string_view item) {
  static ReferenceCache cache;
  const std::string key = std::string(set) + " " + std::string(item);
  if (auto known = cache.find(key)) return known;
  SLM_TRY(reference, run_reference(sandbox, set, item));
  auto made = std::make_shared<const Reference>(std::move(reference));
  cache.add(key, made);
  return made;
}

CodeOutcome read_verdict(const SandboxRun& run) {
  const auto json = parse_json(run.output);
  // Only values of the program's making (too large, too slow to compare) can bring the judge down.
  if (!json || !json->is_object()) return {run.out_of_time() ? CodeVerdict::kTimeout : CodeVerdict::kAssertion, "cannot be compared"};
  CodeOutcome outcome{CodeVerdict::kAssertion, to_valid_utf8(json->value("text", "")), json->value("base", false)};
  for (const auto& [verdict, name] : kVerdicts) {
    if (json->value("verdict", "") == name) outcome.verdict = verdict;
  }
  return outcome;
}

// One sandbox for the process, tried out at its first use.
const Result<Sandbox>& the_sandbox() {
  static const Result<Sandbox> sandbox = Sandbox::open();
  return sandbox;
}

Result<Grade> grade_code(CodeSet set, const GradeRequest& request) {
  const Result<Sandbox>& sandbox = the_sandbox();
  if (!sandbox) return tl::unexpected<Error>(sandbox.error());
  SLM_TRY(reference, reference_of(*sandbox, name_of(set), request.reference));
  Grade grade;
  grade.extracted = extract_program(to_valid_utf8(request.answer), reference->prompt, reference->entry_point);
  CodeOutcome outcome;
  if (!grade.extracted.empty()) {
    SLM_TRY(checked, check_code(*sandbox, set, request.reference, grade.extracted));
    outcome = std::move(checked);
  }
  grade.value = outcome.verdict == CodeVerdict::kPass ? 1 : 0;
  if (outcome.verdict != CodeVerdict::kPass) {
    grade.marks.emplace_back(name_of(outcome.verdict));
    if (outcome.base_passed) grade.marks.emplace_back("base_passed");
  }
  if (request.truncated) grade.marks.emplace_back("truncated");
  return grade;
}

}  // namespace

std::string_view name_of(CodeVerdict verdict) {
  for (const auto& [one, name] : kVerdicts) {
    if (one == verdict) return name;
  }
  return {};
}

Result<CodeOutcome> check_code(const Sandbox& sandbox, CodeSet set, std::string_view item, std::string_view program) {
  SLM_TRY(reference, reference_of(sandbox, name_of(set), item));
  const double seconds = reference->total_seconds;
  SLM_TRY(worker, run_started(sandbox, code_worker_program(),
                              joined({reference->prompt, program, reference->entry_point, std::to_string(seconds), reference->calls}), seconds));
  const std::string output = to_valid_utf8(worker.output);
  const std::string ending = worker.out_of_time() ? "timeout" : "exit code " + std::to_string(worker.exit_code);
  SLM_TRY(judge, run_started(sandbox, code_judge_program(),
                             joined({name_of(set), item, reference->calls, reference->expected, output, ending}), seconds));
  return read_verdict(judge);
}

Result<Grade> grade_humaneval(const GradeRequest& request) { return grade_code(CodeSet::kHumanEval, request); }
Result<Grade> grade_mbpp(const GradeRequest& request) { return grade_code(CodeSet::kMbpp, request); }

}  // namespace slm::lab
