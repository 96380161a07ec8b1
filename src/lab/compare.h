// Measures two models in turns and fills the rows of a comparison.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/compare/own_prompts_task.h"
#include "lab/comparison.h"
#include "lab/planning/plan.h"
#include "lab/scorer.h"
#include "runtime/runtime.h"

namespace slm::lab {

// A line of a tier's tasks.
struct TierTask {
  std::string_view task;              // a shipped task's name
  std::vector<std::string_view> rows; // of it; empty: all
};

// How much a comparison measures. A tier is a row of comparison_tiers().
struct ComparisonTier {
  std::string_view name;              // "smoke"
  uint32_t context = 0;               // both models are opened at this, or at their own where it is shorter
  uint32_t repetitions = 0;           // of each speed
  uint32_t decode_tokens = 0;         // a repetition
  std::vector<uint32_t> prompts;      // lengths whose first token is timed; kMeasuredPrompt among them
  std::vector<TierTask> tasks;
  uint64_t least_items = 0;           // without which a row is not worth its place
  uint64_t most_items = 0;            // of a row, where the budget allows
  double budget_seconds = 0;          // for the tasks; infinite: most_items of each, whatever it takes
  bool fp16_only = false;             // weights of another type are refused
};
const std::vector<ComparisonTier>& comparison_tiers();
// Null when there is no such tier.
const ComparisonTier* find_tier(std::string_view name);
// A user's own prompts in place of tasks, the speeds of the smoke tier: "prompts".
const ComparisonTier& prompts_tier();
// The article's table of speed: batch 1, 512 tokens of input, FP16 against FP16; no tasks. "article".
const ComparisonTier& article_tier();

// The prompt that speeds are measured behind, in tokens: the length most tables use.
inline constexpr uint32_t kMeasuredPrompt = 512;
inline constexpr uint32_t kMeasuredAnswer = 16;  // tokens of the processes whose memory is measured

class Endpoint;

struct ComparedSubject {
  ComparedModel model;
  OpenOptions options;                // of a file; context is set by the comparison
  std::shared_ptr<Endpoint> endpoint; // that serves it, connected; null: a file
};

// A process of its own that opens a model at `context` and continues `prompt` by `tokens` tokens.
struct ProcessWork {
  const ComparedSubject* subject = nullptr;
  uint32_t context = 0, tokens = 0;
  std::string prompt;
  std::string group_file;             // the control group it runs in; empty: none
  double most_seconds = 0;            // 0: as long as it takes
};
struct ProcessRun {
  uint64_t peak_bytes = 0, anonymous_bytes = 0, file_bytes = 0;  // resident
  double seconds = 0;
};

struct ComparisonSetup {
  const ComparisonTier* tier = nullptr;
  std::optional<OwnPromptSet> prompts;    // asked before the tier's tasks
  std::vector<std::string> data_directories;
  uint64_t seed = 1;
  std::optional<double> budget_seconds;   // in place of the tier's
  std::optional<double> sustained_seconds;  // each model answers that long without pause; nothing: it is not measured
  std::string cache_path;                 // of answers kept from run to run; empty: none are kept
  // Errors: kFailed (why it did not end well; cancelled).
  std::function<Result<ProcessRun>(const ProcessWork& work)> run_process;
  // Shown the plan before it starts: the budget in seconds to go on with (the plan's own, or another, which is planned and shown again);
  // nothing stops there. May be empty: every plan is taken.
  std::function<std::optional<double>(const Plan& plan, const std::vector<Message>& labels)> approve;
};

// Errors: those of opening and scoring, kUsage where the tier wants FP16 and a file holds something else, kCorrupt for damaged data, kFailed
// when cancelled. A set that is not there gives rows that
// say so.
Result<Comparison> run_comparison(const ComparedSubject& a, const ComparedSubject& b, const ComparisonSetup& setup,
                                  const Watch& watch);

}  // namespace slm::lab
