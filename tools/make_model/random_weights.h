// Random weights, the same on every machine: a tensor's row depends on the seed, the tensor's name and the row alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace slm {

class RandomRows {
 public:
  RandomRows(uint64_t seed, std::string_view tensor_name);

  // n values around `mean` with standard deviation `deviation`.
  void fill(uint64_t row, float mean, float deviation, float* out, size_t n) const;

 private:
  uint64_t key_;
};

}  // namespace slm
