// Measures two models in turns and fills the rows of a comparison.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/comparison.h"
#include "lab/scorer.h"
#include "runtime/runtime.h"

namespace slm::lab {

// How much a comparison measures. A tier is a row of comparison_tiers().
struct ComparisonTier {
  std::string_view name;              // "smoke"
  uint32_t sentences = 0;             // FLORES pairs
  uint32_t choices = 0;               // items of each multiple-choice set
  uint32_t repetitions = 0;           // of each speed
  uint32_t decode_tokens = 0;         // a repetition
};
const std::vector<ComparisonTier>& comparison_tiers();
// Null when there is no such tier.
const ComparisonTier* find_tier(std::string_view name);

struct ComparedSubject {
  ComparedModel model;
  OpenOptions options;                // context is set by the comparison
};

struct ComparisonSetup {
  const ComparisonTier* tier = nullptr;
  std::vector<std::string> data_directories;
  uint64_t seed = 1;
  // Peak memory in bytes of a process of its own that opens the model at `context` and continues `prompt` by `tokens` tokens.
  std::function<Result<uint64_t>(const ComparedSubject& subject, uint32_t context, const std::string& prompt, uint32_t tokens)>
      measure_peak;
};

// Errors: those of opening and scoring, kCorrupt for damaged data, kFailed when cancelled. A set that is not there gives rows that
// say so.
Result<Comparison> run_comparison(const ComparedSubject& a, const ComparedSubject& b, const ComparisonSetup& setup,
                                  const Watch& watch);

}  // namespace slm::lab
