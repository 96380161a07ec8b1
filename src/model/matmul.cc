#include "model/matmul.h"

namespace slm {

void multiply_rows(const kernels::KernelTable& kernels, const TensorView& w, Team::Share rows, const MatmulInput& in, const MatmulOutput& to) {
  if (rows.begin >= rows.end) return;
  kernels::MatmulArgs args;
  args.w = w;
  args.row_begin = static_cast<uint32_t>(rows.begin);
  args.row_end = static_cast<uint32_t>(rows.end);
  args.x = in.x;
  args.x_stride = in.stride;
  args.xq = in.quant;
  args.n_tokens = in.n_tokens;
  args.same_x = in.met == w.type;
  args.out = to.out;
  args.out_stride = to.stride;
  args.bias = to.bias;
  args.scratch = to.scratch;
  kernels.matmul[static_cast<uint32_t>(w.type)](args);
}

kernels::Q8Rows behind(const kernels::Q8Rows& rows, size_t values) {
  const size_t blocks = values / kernels::kQ8Block;
  return {rows.q + values, rows.scale + blocks, rows.sum + blocks, rows.cols};
}

}  // namespace slm
