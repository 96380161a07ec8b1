#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>

namespace slm {
namespace {

// Everything outside the mask becomes impossible. Whole words of 64 ids are the common case.
void apply_mask(std::span<float> logits, std::span<const uint64_t> mask) {
  for (size_t begin = 0; begin < logits.size(); begin += 64) {
    const size_t word = begin / 64;
    const uint64_t allowed = word < mask.size() ? mask[word] : 0;
    if (allowed == ~uint64_t{0}) continue;
    const size_t end = std::min(begin + 64, logits.size());
    for (size_t i = begin; i < end; ++i) {
      if ((allowed >> (i - begin) & 1) == 0) logits[i] = -INFINITY;
    }
  }
}

int32_t first_allowed(size_t n, std::span<const uint64_t> mask) {
  if (mask.empty()) return 0;
  for (size_t i = 0; i < n && i / 64 < mask.size(); ++i) {
    if (mask[i / 64] >> (i % 64) & 1) return static_cast<int32_t>(i);
  }
  return 0;
}

}  // namespace

Sampler::Sampler(const kernels::KernelTable& kernels, SamplingParams params)
    : kernels_(kernels), params_(std::move(params)), random_(params_.seed) {}

void Sampler::accept_prompt(std::span<const int32_t> ids) {
  history_.insert(history_.end(), ids.begin(), ids.end());
  prompt_length_ = history_.size();
}

void Sampler::accept(int32_t id) { history_.push_back(id); }

int32_t Sampler::sample(std::span<float> all_logits, uint32_t n_usable, std::span<const uint64_t> mask) {
  const std::span<float> logits = all_logits.first(std::min<size_t>(n_usable, all_logits.size()));
  SLM_CHECK(!logits.empty());
  apply_bias(logits);
  apply_penalties(logits);
  if (!mask.empty()) apply_mask(logits, mask);
  const int32_t best = static_cast<int32_t>(kernels_.argmax(logits.data(), logits.size()));
  const float best_logit = logits[static_cast<size_t>(best)];
  if (!(best_logit > -INFINITY)) return first_allowed(logits.size(), mask);
  if (params_.temperature == 0) return best;
  return draw(logits, best_logit);
}

void Sampler::apply_bias(std::span<float> logits) const {
  for (const auto& [id, bias] : params_.logit_bias) {
    if (id >= 0 && static_cast<size_t>(id) < logits.size()) logits[static_cast<size_t>(id)] += bias;
  }
}

void Sampler::apply_penalties(std::span<float> logits) {
  const bool repetition = params_.repetition_penalty != 1.0f;
  const bool by_count = params_.presence_penalty != 0 || params_.frequency_penalty != 0;
  if (!repetition && !by_count) return;
  const size_t begin = history_.size() - std::min<size_t>(history_.size(), params_.penalty_last_n);

  if (repetition) {
    recent_.assign(history_.begin() + static_cast<ptrdiff_t>(begin), history_.end());
    std::sort(recent_.begin(), recent_.end());
    recent_.erase(std::unique(recent_.begin(), recent_.end()), recent_.end());
    for (const int32_t id : recent_) {
      if (id < 0 || static_cast<size_t>(id) >= logits.size()) continue;
      float& logit = logits[static_cast<size_t>(id)];
      logit = logit > 0 ? logit / params_.repetition_penalty : logit * params_.repetition_penalty;
    }
  }
  if (by_count) {
    // Of what was generated only: a long prompt must not silence the words it asks about.
    const size_t from = std::max(begin, prompt_length_);
    recent_.assign(history_.begin() + static_cast<ptrdiff_t>(from), history_.end());
    std::sort(recent_.begin(), recent_.end());
    for (size_t i = 0; i < recent_.size();) {
      const int32_t id = recent_[i];
      size_t count = 0;
      for (; i < recent_.size() && recent_[i] == id; ++i) ++count;
      if (id < 0 || static_cast<size_t>(id) >= logits.size()) continue;
      logits[static_cast<size_t>(id)] -=
          params_.presence_penalty + params_.frequency_penalty * static_cast<float>(count);
    }
  }
}

float Sampler::weight(float logit, float best) const {
  // An infinite best must not make inf - inf; what is below it then has no weight.
  return logit >= best ? 1.0f : std::exp((logit - best) / params_.temperature);
}

int32_t Sampler::draw(std::span<const float> logits, float best) {
  collect(logits, best);
  if (params_.typical_p < 1) keep_typical();
  if (params_.top_p < 1) keep_top_p();
  if (params_.min_p > 0) keep_min_p();

  const double point = random_.uniform() * total_;
  double passed = 0;
  int32_t chosen = candidates_.front().id;
  for (const Candidate& candidate : candidates_) {
    if (candidate.weight <= 0) continue;
    chosen = candidate.id;  // rounding may leave `point` past the last
    passed += candidate.weight;
    if (passed > point) break;
  }
  return chosen;
}

// Fills candidates_ (after top-k), sorted_ and total_. Takes no more of the vocabulary than the filters to come can keep.
void Sampler::collect(std::span<const float> logits, float best) {
  candidates_.clear();
  sorted_ = false;
  if (params_.top_k > 0 && params_.top_k < logits.size()) {
    collect_top_k(logits, best);
  } else if (params_.typical_p < 1) {
    total_ = collect_from(logits, best, -INFINITY);
  } else if (params_.top_p < 1) {
    collect_likeliest(logits, best, params_.top_p);
  } else if (params_.min_p > 0) {
    // A little more than min-p keeps; keep_min_p() decides.
    const float width = -std::log(params_.min_p) * params_.temperature;
    total_ = collect_from(logits, best, best - width * 1.001f - 1e-3f);
  } else {
    total_ = collect_from(logits, best, -INFINITY);
  }
}

void Sampler::collect_top_k(std::span<const float> logits, float best) {
  best_of(logits, params_.top_k, best_);
  total_ = 0;
  for (const ScoredId& one : best_) {
    candidates_.push_back({one.score, weight(one.score, best), one.id});
    total_ += candidates_.back().weight;
  }
  sorted_ = true;
}

// Appends every candidate of at least `lowest`, in order of id; returns the sum of the weights.
double Sampler::collect_from(std::span<const float> logits, float best, float lowest) {
  double sum = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const float logit = logits[i];
    if (!(logit >= lowest) || logit == -INFINITY) continue;
    candidates_.push_back({logit, weight(logit, best), static_cast<int32_t>(i)});
    sum += candidates_.back().weight;
  }
  return sum;
}

// The likeliest candidates that together hold at least `mass` of the whole, and some more, best first: a band below the best
// logit is widened until it holds enough, so that a sharp distribution sorts a handful and not a vocabulary.
void Sampler::collect_likeliest(std::span<const float> logits, float best, double mass) {
  total_ = 0;
  for (const float logit : logits) {
    if (logit > -INFINITY) total_ += weight(logit, best);
  }
  for (const float band : {6.0f, 14.0f, INFINITY}) {
    candidates_.clear();
    const float lowest = std::isinf(band) ? -INFINITY : best - band * params_.temperature;
    if (collect_from(logits, best, lowest) >= mass * total_) break;
  }
}

// Locally typical sampling: the candidates whose surprise -log p is nearest to the expected surprise (the entropy), as few
// as hold typical_p of the mass.
void Sampler::keep_typical() {
  double entropy = 0;
  for (const Candidate& candidate : candidates_) {
    const double p = candidate.weight / total_;
    if (p > 0) entropy -= p * std::log(p);
  }
  deviations_.clear();
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const double p = candidates_[i].weight / total_;
    if (p > 0) deviations_.push_back({std::abs(-std::log(p) - entropy), static_cast<uint32_t>(i)});
  }
  // The nearest come off a heap one by one: few are wanted of many.
  const auto farther = [](const Deviation& a, const Deviation& b) {
    return a.distance > b.distance || (a.distance == b.distance && a.index > b.index);
  };
  std::make_heap(deviations_.begin(), deviations_.end(), farther);
  auto end = deviations_.end();
  double kept = 0;
  do {
    std::pop_heap(deviations_.begin(), end, farther);
    --end;
    kept += candidates_[end->index].weight;
  } while (end != deviations_.begin() && kept < static_cast<double>(params_.typical_p) * total_);
  std::sort(end, deviations_.end(), [](const Deviation& a, const Deviation& b) { return a.index < b.index; });
  size_t n = 0;
  for (auto it = end; it != deviations_.end(); ++it) candidates_[n++] = candidates_[it->index];
  candidates_.resize(n);
  total_ = kept;
}

void Sampler::keep_top_p() {
  if (!sorted_) {
    std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
      return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
    });
    sorted_ = true;
  }
  const double wanted = static_cast<double>(params_.top_p) * total_;
  double kept = 0;
  size_t n = 0;
  do {
    kept += candidates_[n++].weight;
  } while (n < candidates_.size() && kept < wanted);
  candidates_.resize(n);
  total_ = kept;
}

void Sampler::keep_min_p() {
  float most = 0;
  for (const Candidate& candidate : candidates_) most = std::max(most, candidate.weight);
  const float least = params_.min_p * most;
  std::erase_if(candidates_, [least](const Candidate& candidate) { return candidate.weight < least; });
  total_ = 0;
  for (const Candidate& candidate : candidates_) total_ += candidate.weight;
}

}  // namespace slm
