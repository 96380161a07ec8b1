// logits -> id. The chain, in order: logit bias, repetition / presence / frequency penalties, (greedy when temperature is 0),
// temperature, top-k, typical, top-p, min-p, draw. docs/sampling.md explains it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kernels/table.h"

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

struct TokenLogprob {
  int32_t id;
  float logprob;
};

// The k largest of log_softmax(logits), best first; ties by smaller id.
std::vector<TokenLogprob> top_logprobs(const kernels::KernelTable& kernels, std::span<const float> logits, uint32_t k);
float logprob_of(const kernels::KernelTable& kernels, std::span<const float> logits, int32_t id);

// State of one sequence: its random numbers and its history. Same params, seed and logits -> same ids.
class Sampler {
 public:
  Sampler(const kernels::KernelTable& kernels, SamplingParams params);
  // `logits` (n_vocab) is changed in place. Ids >= n_usable (padding of the vocabulary) are never chosen.
  // `mask`: one bit an id, set = allowed; empty = all. REQUIRES: at least one allowed id.
  int32_t sample(std::span<float> logits, uint32_t n_usable, std::span<const uint64_t> mask = {});
  void accept_prompt(std::span<const int32_t> ids);
  void accept(int32_t id);

 private:
  const kernels::KernelTable& kernels_;
  SamplingParams params_;
  uint64_t random_state_[4];
  std::vector<int32_t> history_;
  size_t prompt_length_ = 0;
};

}  // namespace slm
