// log_softmax of single ids.
#include <cmath>

#include "sampling/best_of.h"
#include "sampling/sampler.h"

namespace slm {
namespace {

// log(sum exp), with NaN as -inf. The kernel does the common case; NaN shows in its result.
double normalizer(const kernels::KernelTable& kernels, std::span<const float> logits) {
  const double fast = kernels.log_sum_exp(logits.data(), logits.size());
  if (!std::isnan(fast)) return fast;
  std::vector<float> clean;
  for (const float logit : logits) {
    if (!std::isnan(logit)) clean.push_back(logit);
  }
  return clean.empty() ? -INFINITY : kernels.log_sum_exp(clean.data(), clean.size());
}

// -inf stays -inf; the rest is finite unless the logit itself is infinite.
float logprob(float logit, double log_sum) {
  if (!(logit > -INFINITY)) return -INFINITY;
  if (std::isinf(logit) || !std::isfinite(log_sum)) return std::isinf(logit) ? 0.0f : -INFINITY;
  return static_cast<float>(static_cast<double>(logit) - log_sum);
}

}  // namespace

std::vector<TokenLogprob> top_logprobs(const kernels::KernelTable& kernels, std::span<const float> logits, uint32_t k) {
  if (k == 0 || logits.empty()) return {};
  const double log_sum = normalizer(kernels, logits);
  std::vector<ScoredId> best;
  best_of(logits, k, best);
  std::vector<TokenLogprob> out;
  out.reserve(best.size());
  for (const ScoredId& one : best) out.push_back({one.id, logprob(one.score, log_sum)});
  return out;
}

float logprob_of(const kernels::KernelTable& kernels, std::span<const float> logits, int32_t id) {
  SLM_CHECK(id >= 0 && static_cast<size_t>(id) < logits.size());
  return logprob(logits[static_cast<size_t>(id)], normalizer(kernels, logits));
}

}  // namespace slm
