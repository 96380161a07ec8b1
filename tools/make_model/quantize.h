// Floats -> blocks of every type, by plain rounding to nearest: no search for better scales, no importance. For test models
// and tests of the kernels; formulas as beside the block layouts in tensor/types.h.
#pragma once

#include <cstddef>

#include "tensor/types.h"

namespace slm {

// x: n floats -> row_bytes(type, n) bytes at `out`. REQUIRES: n % block_elements == 0, finite x, a computable type.
void quantize_row(TensorType type, const float* x, size_t n, std::byte* out);

}  // namespace slm
