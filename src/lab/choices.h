// Multiple choice by likelihood: of the endings of a context, the one the model finds likeliest is its answer.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/scorer.h"

namespace slm::lab {

// A question with one right ending.
struct ChoiceItem {
  uint32_t id = 0;
  std::string context;                  // as the model reads it
  std::vector<std::string> endings;
  uint32_t label = 0;                   // the right one
  std::string delimiter = " ";          // between context and ending
};

struct ChoiceRecord {
  uint32_t id = 0;
  uint32_t label = 0;                   // the right ending
  uint32_t answer = 0;                  // the likeliest by logprob a character (acc_norm counts it)
  uint32_t answer_by_sum = 0;           // the likeliest by logprob (acc counts it)
  std::vector<double> scores;           // logprob of each ending
  std::vector<uint32_t> characters;     // code points of each ending, without the space before it
  std::string transcript = {};          // the context, then each ending with its score a character

  bool right() const { return answer == label; }
  bool right_by_sum() const { return answer_by_sum == label; }
};

// The answer by the logprob of each ending. REQUIRES: as many scores as endings, a label among them.
ChoiceRecord choose_ending(const ChoiceItem& item, std::vector<double> scores);

// Endings share the KV of their context. Errors: those of score_after(), naming the item (kTokenStraddles as it is).
Result<ChoiceRecord> score_item(ContinuationScorer& scorer, const ChoiceItem& item, const std::atomic<bool>* cancelled = nullptr);

}  // namespace slm::lab
