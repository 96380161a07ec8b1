// Multiple choice by likelihood: of the endings of a context, the one the model finds likeliest is its answer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/datasets.h"
#include "lab/scorer.h"
#include "lab/statistics.h"

namespace slm::lab {

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

struct ChoiceSummary {
  uint64_t items = 0;
  double acc = 0, acc_norm = 0;
  Interval interval;                    // Wilson, of acc_norm
};
ChoiceSummary summarize(const std::vector<ChoiceRecord>& records);
std::vector<bool> right_answers(const std::vector<ChoiceRecord>& records);

// The answer by the logprob of each ending. REQUIRES: as many scores as endings, a label among them.
ChoiceRecord choose_ending(const ChoiceItem& item, std::vector<double> scores);

// Endings share the KV of their context. Errors: those of score_continuation(), naming the item.
Result<ChoiceRecord> score_item(Scorer& scorer, const ChoiceItem& item);

// All items in turn. `stage` names the work in progress reports.
Result<std::vector<ChoiceRecord>> score_items(Scorer& scorer, const std::vector<ChoiceItem>& items, const Message& stage,
                                              const Watch& watch);

}  // namespace slm::lab
