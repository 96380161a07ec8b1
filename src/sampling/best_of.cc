#include "sampling/best_of.h"

#include <algorithm>
#include <cmath>

namespace slm {
namespace {

// Up to here a heap of the best so far wins: nearly all of a vocabulary fails the one comparison with its worst.
constexpr uint32_t kHeapLimit = 1024;

void best_by_heap(std::span<const float> scores, uint32_t k, std::vector<ScoredId>& out) {
  for (size_t i = 0; i < scores.size(); ++i) {
    const float score = scores[i];
    if (out.size() == k) {
      if (!(score > out.front().score)) continue;  // equal scores: the smaller id is in already
      std::pop_heap(out.begin(), out.end(), ranks_before);
      out.back() = {score, static_cast<int32_t>(i)};
    } else {
      if (!(score > -INFINITY)) continue;
      out.push_back({score, static_cast<int32_t>(i)});
    }
    std::push_heap(out.begin(), out.end(), ranks_before);
  }
}

void best_by_selection(std::span<const float> scores, uint32_t k, std::vector<ScoredId>& out) {
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > -INFINITY) out.push_back({scores[i], static_cast<int32_t>(i)});
  }
  if (out.size() <= k) return;
  std::nth_element(out.begin(), out.begin() + k, out.end(), ranks_before);
  out.resize(k);
}

}  // namespace

void best_of(std::span<const float> scores, uint32_t k, std::vector<ScoredId>& out) {
  out.clear();
  if (k == 0) return;
  if (k <= kHeapLimit) {
    best_by_heap(scores, k, out);
  } else {
    best_by_selection(scores, k, out);
  }
  std::sort(out.begin(), out.end(), ranks_before);
}

}  // namespace slm
