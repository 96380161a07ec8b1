// logits -> id. The chain, in order: logit bias, repetition / presence / frequency penalties, mask, (greedy when temperature
// is 0), temperature, top-k, typical, top-p, min-p, draw. Each filter sees the probabilities of what the one before it
// left, renormalised. docs/sampling.md explains it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kernels/table.h"
#include "sampling/best_of.h"
#include "sampling/random.h"

namespace slm {

struct SamplingParams {
  float temperature = 0.0f;       // 0: greedy
  uint32_t top_k = 0;             // 0: off
  float top_p = 1.0f;             // 1: off
  float min_p = 0.0f;             // 0: off
  float typical_p = 1.0f;         // 1: off
  float repetition_penalty = 1.0f;
  float presence_penalty = 0.0f;
  float frequency_penalty = 0.0f;
  uint32_t penalty_last_n = 64;   // tokens looked back on; prompt tokens count for repetition only
  std::vector<std::pair<int32_t, float>> logit_bias;
  uint64_t seed = 0;
};

// Errors: kUsage naming the parameter and its range (NaN and infinities are refused).
Status validate(const SamplingParams& params);

// How many of the likeliest logits Sampler reads, without a mask; 0: it may read all. The others may be -inf then: the id and the random numbers
// taken are the same.
uint32_t likeliest_read(const SamplingParams& params);

struct TokenLogprob {
  int32_t id;
  float logprob;
};

// The k largest of log_softmax(logits), best first; ties by smaller id. NaN counts as -inf.
std::vector<TokenLogprob> top_logprobs(const kernels::KernelTable& kernels, std::span<const float> logits, uint32_t k);
float logprob_of(const kernels::KernelTable& kernels, std::span<const float> logits, int32_t id);

// State of one sequence: its random numbers and its history. Same params, seed and logits -> same ids.
class Sampler {
 public:
  // REQUIRES: validate(params) succeeded.
  Sampler(const kernels::KernelTable& kernels, SamplingParams params);
  // `logits` (n_vocab) is changed in place. Ids >= n_usable (padding of the vocabulary) are never chosen.
  // `mask`: one bit an id, set = allowed; empty = all; ids past its end are not allowed. REQUIRES: at least one allowed id.
  // A logit of -inf or NaN is never chosen unless every allowed one is so: then the first allowed id.
  int32_t sample(std::span<float> logits, uint32_t n_usable, std::span<const uint64_t> mask = {});
  void accept_prompt(std::span<const int32_t> ids);
  void accept(int32_t id);

 private:
  struct Candidate {
    float logit;    // as the chain left it, before temperature
    float weight;   // exp((logit - best) / temperature), not normalised
    int32_t id;
  };

  void apply_bias(std::span<float> logits) const;
  void apply_penalties(std::span<float> logits);
  int32_t draw(std::span<const float> logits, float best);

  float weight(float logit, float best) const;
  void collect(std::span<const float> logits, float best);
  void collect_top_k(std::span<const float> logits, float best);
  void collect_likeliest(std::span<const float> logits, float best, double mass);
  double collect_from(std::span<const float> logits, float best, float lowest);
  void keep_typical();
  void keep_top_p();
  void keep_min_p();

  const kernels::KernelTable& kernels_;
  SamplingParams params_;
  Random random_;
  std::vector<int32_t> history_;
  size_t prompt_length_ = 0;
  // Of the token being chosen; kept for their memory.
  std::vector<Candidate> candidates_;
  bool sorted_ = false;   // candidates_ stand best first
  double total_ = 0;      // sum of the weights that probabilities refer to
  struct Deviation {
    double distance;
    uint32_t index;
  };
  std::vector<Deviation> deviations_;
  std::vector<ScoredId> best_;
  std::vector<int32_t> recent_;
};

}  // namespace slm
