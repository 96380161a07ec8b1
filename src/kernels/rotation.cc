#include "kernels/rotation.h"

#include <bit>
#include <cstring>

namespace slm::kernels {
namespace {

// What SSE2 and NEON both have; sums and differences alone, so that the lanes change no bit.
using Four = float __attribute__((vector_size(16)));

Four four_from(const float* x) {
  Four v;
  std::memcpy(&v, x, sizeof v);
  return v;
}
void four_to(Four v, float* x) { std::memcpy(x, &v, sizeof v); }

// Sums and differences of (n) values 2 * `distance` apart, then of those `distance` apart: two steps for one way to memory and back.
// REQUIRES: distance is a multiple of 4.
void two_steps(float* x, uint32_t n, uint32_t distance) {
  for (uint32_t begin = 0; begin < n; begin += 4 * distance) {
    for (float* at = x + begin; at < x + begin + distance; at += 4) {
      const Four a = four_from(at), b = four_from(at + distance), c = four_from(at + 2 * distance), d = four_from(at + 3 * distance);
      const Four ac = a + c, bd = b + d, a_c = a - c, b_d = b - d;
      four_to(ac + bd, at);
      four_to(ac - bd, at + distance);
      four_to(a_c + b_d, at + 2 * distance);
      four_to(a_c - b_d, at + 3 * distance);
    }
  }
}

// Of values 4 apart.
void one_step(float* x, uint32_t n) {
  for (float* at = x; at < x + n; at += 8) {
    const Four a = four_from(at), b = four_from(at + 4);
    four_to(a + b, at);
    four_to(a - b, at + 4);
  }
}

// Of values 2 apart, then of neighbours.
Four steps_within(Four v) {
  constexpr Four kHalves = {1, 1, -1, -1}, kNeighbours = {1, -1, 1, -1};
  v = __builtin_shufflevector(v, v, 0, 1, 0, 1) + __builtin_shufflevector(v, v, 2, 3, 2, 3) * kHalves;
  return __builtin_shufflevector(v, v, 0, 0, 2, 2) + __builtin_shufflevector(v, v, 1, 1, 3, 3) * kNeighbours;
}

// Inlined by size, so that its loops have known ends.
__attribute__((always_inline)) inline void rotate_block(float* x, uint32_t n, float factor) {
  uint32_t left = n;  // values that have not met are fewer than this apart
  for (; left >= 16; left /= 4) two_steps(x, n, left / 4);
  if (left == 8) one_step(x, n);
  for (uint32_t i = 0; i < n; i += 4) four_to(steps_within(four_from(x + i)) * factor, x + i);
}

}  // namespace

void rotate(float* x, uint32_t head_dim, Rotation which) {
  const uint32_t n = head_dim & (~head_dim + 1);
  const int halvings = std::countr_zero(n), of_stored = halvings / 2;
  const float factor = 1.0f / static_cast<float>(1u << (which == Rotation::kStored ? of_stored : halvings - of_stored));
  for (float* block = x; block < x + head_dim; block += n) {
    switch (n) {
      case 64: rotate_block(block, 64, factor); break;
      case 128: rotate_block(block, 128, factor); break;
      default: rotate_block(block, n, factor);
    }
  }
}

}  // namespace slm::kernels
