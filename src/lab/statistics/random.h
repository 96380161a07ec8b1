// Random numbers that are the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slm::lab {

// splitmix64 (Steele, Lea, Flood 2014).
class SeededRandom {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t next();
  size_t below(size_t n);  // uniform in [0, n) up to 2^-32 n; REQUIRES: 0 < n < 2^32
  double uniform();        // in [0, 1), a multiple of 2^-53

 private:
  uint64_t state_;
};

}  // namespace slm::lab
