// A product of the forward pass: some rows of a matrix with the activations of some tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/thread_pool.h"
#include "kernels/table.h"

namespace slm {

// Floats and, for quantised weights, 8 bits.
struct MatmulInput {
  const float* x;         // (n_tokens, cols)
  size_t stride;          // of x
  kernels::Q8Rows quant;  // (n_tokens, cols)
  uint32_t n_tokens;
  std::optional<TensorType> met = {};  // these activations met weights of this type last, with the same scratch, which nothing used since
};

struct MatmulOutput {
  float* out;           // (n_tokens, rows of the whole matrix)
  size_t stride;
  const float* bias;    // (rows) or null
  std::byte* scratch;   // this thread's, kMatmulScratchBytes
};

// Rows `rows` of w; nothing where there are none.
void multiply_rows(const kernels::KernelTable& kernels, const TensorView& w, Team::Share rows, const MatmulInput& in, const MatmulOutput& to);

// What follows the first `values` values of rows that are packed one behind the other.
kernels::Q8Rows behind(const kernels::Q8Rows& rows, size_t values);

}  // namespace slm
