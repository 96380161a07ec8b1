// The angles of rotary positions (Su et al. 2021): dimension pair i of n turns by position * scale * base^(-2i/n) / factor_i.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace slm {

class RopeAngles {
 public:
  RopeAngles() = default;
  // `factors`: (rope_dims / 2), or empty for none.
  RopeAngles(uint32_t rope_dims, double base, double scale, std::span<const float> factors);

  // Cosine and sine of the position's angles, computed in double: out (rope_dims / 2, 2).
  void fill(uint32_t position, float* out) const;

 private:
  std::vector<double> turns_;  // (rope_dims / 2): radians a position
};

}  // namespace slm
