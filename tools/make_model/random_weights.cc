#include "make_model/random_weights.h"

namespace slm {
namespace {

// splitmix64 (Steele, Lea, Flood 2014): a counter, well mixed.
constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;
uint64_t mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Nearly normal: the sum of four uniform 16-bit numbers, with mean 0 and deviation 1. Billions are needed, tails are not.
float bell(uint64_t bits) {
  const auto sum = static_cast<int32_t>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
  constexpr float kMean = 2.0f * 65535.0f;
  constexpr float kDeviation = 37837.23f;  // sqrt(4 * (65536^2 - 1) / 12)
  return (static_cast<float>(sum) - kMean) / kDeviation;
}

}  // namespace

RandomRows::RandomRows(uint64_t seed, std::string_view tensor_name) : key_(mixed(seed + kGolden)) {
  for (const char c : tensor_name) key_ = mixed(key_ ^ static_cast<uint8_t>(c)) + kGolden;
}

void RandomRows::fill(uint64_t row, float mean, float deviation, float* out, size_t n) const {
  uint64_t state = mixed(key_ + row * kGolden);
  for (size_t i = 0; i < n; ++i) {
    state += kGolden;
    out[i] = mean + deviation * bell(mixed(state));
  }
}

}  // namespace slm
