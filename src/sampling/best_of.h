// The k best of a vocabulary, without sorting it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace slm {

struct ScoredId {
  float score;
  int32_t id;
};

// Best first: higher score, then smaller id.
inline bool ranks_before(const ScoredId& a, const ScoredId& b) {
  return a.score > b.score || (a.score == b.score && a.id < b.id);
}

// The k best of `scores` by ranks_before, best first, into `out` (its memory is reused). -inf and NaN are left out, so fewer
// may come.
void best_of(std::span<const float> scores, uint32_t k, std::vector<ScoredId>& out);

}  // namespace slm
