// Random numbers that are the same on every machine: xoshiro256++, its state filled by splitmix64 from one seed.
#pragma once

#include <cstdint>

namespace slm {

class Random {
 public:
  explicit Random(uint64_t seed);
  uint64_t next();
  double uniform();  // [0, 1), 53 bits

 private:
  uint64_t state_[4];
};

}  // namespace slm
