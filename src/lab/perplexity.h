// How well a model predicts a text.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/scorer.h"

namespace slm::lab {

// One call of the model: ids [begin, begin + length) of the text, of which those from begin + first on are scored.
struct Window {
  size_t begin = 0;
  uint32_t length = 0, first = 0;
};

// Windows of `window` ids, half overlapping: each id but the text's first is scored once, after at least half a window of what goes
// before it (fewer only in the first window). The last window may be shorter. REQUIRES: window >= 2.
std::vector<Window> strided_windows(size_t n_ids, uint32_t window);
// llama-perplexity -c `window`: side by side, whole windows only, the last window / 2 - 1 ids of each scored.
// REQUIRES: window >= 4.
std::vector<Window> separate_windows(size_t n_ids, uint32_t window);

struct PerplexityOptions {
  uint32_t window = 0;  // separate windows of so many ids; 0: strided windows of the model's context
};

struct Perplexity {
  double perplexity = 0;      // exp of the mean negative logprob of a scored token
  double standard_error = 0;  // of the perplexity, from the spread of the tokens' logprobs, taken as independent
  double bits_per_byte = 0;   // of the scored tokens' own bytes
  uint64_t tokens = 0;        // scored
};

// The text is encoded once, without one newline at its end; where the model adds BOS, each window's first id is replaced by it.
// Errors: kUsage (a window below 4 or above the context, a text with too few tokens: both counts), those of score(), kFailed
// when cancelled.
Result<Perplexity> measure_perplexity(Scorer& scorer, std::string_view text, const PerplexityOptions& options, const Watch& watch);

// A sentence by itself, after a newline: tokens differ from model to model, bytes do not.
struct SentenceBits {
  double bits = 0;
  uint64_t bytes = 0;
};
Result<SentenceBits> measure_sentence(ContinuationScorer& scorer, std::string_view sentence, const std::atomic<bool>* cancelled = nullptr);

}  // namespace slm::lab
