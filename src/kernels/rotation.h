// Keys, values and queries turned by an orthogonal matrix, so that what is large in a few of their columns is spread over many before they are
// put into 8 bits: one scale for 32 values then fits them all. Scores and, turned back, sums of values are what they were.
#pragma once

#include <cstdint>

namespace slm::kernels {

enum class Rotation : uint8_t {
  kStored,  // of what goes into the KV cache: keys and values
  kRead,    // of what meets it: queries; and of sums of values, which it turns back
};

// x (head_dim) in place: each block times the Hadamard matrix of its size n, in natural order, and by a power of two, so that the two
// rotations' factors make 1 / n. A block has the largest power of two that divides head_dim. The same bits on every machine.
// REQUIRES: head_dim % 32 == 0.
void rotate(float* x, uint32_t head_dim, Rotation which);

}  // namespace slm::kernels
