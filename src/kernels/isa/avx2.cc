// AVX2 + FMA + F16C. The only file compiled with these flags; it must not define a symbol that the linker may merge with
// another file's (an inline function of a header, a template of the standard library): the merged copy could hold AVX2 code
// and be called on a machine without it. Hence plain types, intrinsics, and everything in an unnamed namespace; a test looks
// at the object file. Includes nothing that has code; the table itself is filled from scalar's row.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/isa/polynomials.h"
#include "kernels/isa/tables.h"
#include "kernels/table.h"

namespace slm::kernels {
namespace {

#include "kernels/isa/avx2_vector.inc"
#include "kernels/isa/avx2_unpack.inc"
#include "kernels/isa/avx2_quantised.inc"
#include "kernels/isa/avx2_float.inc"
#include "kernels/isa/avx2_attention.inc"
#include "kernels/isa/avx2_elementwise.inc"

KernelTable make_table() {
  KernelTable table = scalar_table();  // dequantize stays: one row a token
  table.name = "avx2";
  table.quantize_q8 = quantize_q8;
  table.matmul[static_cast<uint32_t>(TensorType::kF32)] = matmul_float<F32>;
  table.matmul[static_cast<uint32_t>(TensorType::kF16)] = matmul_float<F16>;
  table.matmul[static_cast<uint32_t>(TensorType::kBF16)] = matmul_float<BF16>;
  table.matmul[static_cast<uint32_t>(TensorType::kQ8_0)] = matmul_quantised<Q8_0>;
  table.matmul[static_cast<uint32_t>(TensorType::kQ4_0)] = matmul_quantised<Q4_0>;
  table.matmul[static_cast<uint32_t>(TensorType::kQ4_1)] = matmul_quantised<Q4_1>;
  table.matmul[static_cast<uint32_t>(TensorType::kQ5_0)] = matmul_quantised<Q5_0>;
  table.matmul[static_cast<uint32_t>(TensorType::kQ5_1)] = matmul_quantised<Q5_1>;
  table.matmul[static_cast<uint32_t>(TensorType::kQ4_K)] = matmul_quantised<Q4_K>;
  table.matmul[static_cast<uint32_t>(TensorType::kQ5_K)] = matmul_quantised<Q5_K>;
  table.matmul[static_cast<uint32_t>(TensorType::kQ6_K)] = matmul_quantised<Q6_K>;
  table.rms_norm = rms_norm;
  table.rope = rope;
  table.silu_mul = silu_mul;
  table.gelu_tanh_mul = gelu_tanh_mul;
  table.add = add;
  table.scale = scale;
  table.soft_cap = soft_cap;
  table.store_kv = store_kv;
  table.load_kv = load_kv;
  table.attend_span = attend_span;
  table.attention_merge = attention_merge;
  table.argmax = argmax;
  table.log_sum_exp = log_sum_exp;
  return table;
}

}  // namespace

const KernelTable& avx2_table() {
  static const KernelTable table = make_table();
  return table;
}

}  // namespace slm::kernels
