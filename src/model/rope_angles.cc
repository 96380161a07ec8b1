#include "model/rope_angles.h"

#include <cmath>

namespace slm {

RopeAngles::RopeAngles(uint32_t rope_dims, double base, double scale, std::span<const float> factors)
    : turns_(rope_dims / 2) {
  for (size_t i = 0; i < turns_.size(); ++i) {
    turns_[i] = scale * std::pow(base, -2.0 * static_cast<double>(i) / rope_dims);
    if (!factors.empty()) turns_[i] /= factors[i];
  }
}

void RopeAngles::fill(uint32_t position, float* out) const {
  for (size_t i = 0; i < turns_.size(); ++i) {
    const double angle = position * turns_[i];
    out[2 * i] = static_cast<float>(std::cos(angle));
    out[2 * i + 1] = static_cast<float>(std::sin(angle));
  }
}

}  // namespace slm
