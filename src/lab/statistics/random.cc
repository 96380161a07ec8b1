#include "lab/statistics/random.h"

#include "base/result.h"

namespace slm::lab {

uint64_t SeededRandom::next() {
  state_ += 0x9E3779B97F4A7C15ull;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

size_t SeededRandom::below(size_t n) {
  SLM_CHECK(n > 0 && n < (1ull << 32));
  return static_cast<size_t>(((next() >> 32) * n) >> 32);
}

double SeededRandom::uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

}  // namespace slm::lab
