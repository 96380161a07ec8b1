// The arithmetic, as one table of functions; isa/scalar.cc is the specification, isa/ holds one file per instruction
// set. Kernels do not allocate, lock, log, throw or know a model's name. Every pointer is valid for the sizes given;
// outputs do not overlap inputs unless said.
//
// Order of sums. Within one table, a result depends only on the values that enter it, never on how many tokens, rows
// or threads a call covers: the dot product of a row and a token has one fixed order.
//  - Quantised weights against Q8 activations: blocks in order of k; the products (q - centre) * x inside a scale block (32
//    values, 16 for Q6_K) are summed exactly in integers; then acc = fma(w_scale * x_scale, float(isum), acc) and, for types
//    with a minimum, acc = fma(fma(centre, w_scale, w_min), x_sum, acc), the inner fma only where the centre is not 0. The
//    centre is the offset of the types that have one (8, 16, 32) and 16 for 5-bit types with a minimum, else 0: sums of 16
//    products then fit 16 bits.
//  - Float weights: lane j (0..7) takes the elements k with k % 8 == j in order, by fma; lanes are then added as
//    ((0+4)+(2+6))+((1+5)+(3+7)).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tensor/types.h"

namespace slm::kernels {

inline constexpr uint32_t kQ8Block = 32;

// Activations in 8 bits, one scale per 32 values. (n_tokens, cols), cols % 32 == 0.
struct Q8Rows {
  int8_t* q;      // (n_tokens, cols), in [-127, 127]
  float* scale;   // (n_tokens, cols / 32): max|x| / 127
  float* sum;     // (n_tokens, cols / 32): scale * (sum of q), rounded once; kernels may divide by scale for the sum of q
  uint32_t cols;
};

// out[t * out_stride + r] = dot(w row r, x token t) + bias[r], for r in [row_begin, row_end), t in [0, n_tokens).
struct MatmulArgs {
  TensorView w;                 // (rows, cols)
  uint32_t row_begin, row_end;  // this call's share of the rows
  const float* x;               // (n_tokens, cols), stride x_stride; read by float types only
  size_t x_stride;
  Q8Rows xq;                    // read by quantised types only
  uint32_t n_tokens;
  float* out;                   // (n_tokens, rows), stride out_stride
  size_t out_stride;
  const float* bias;            // (rows) or null
  std::byte* scratch;           // this thread's, kMatmulScratchBytes, 64-byte aligned
  bool same_x = false;          // the call before with this scratch had the same xq and n_tokens, and weights of this type
};
inline constexpr size_t kMatmulScratchBytes = 4u << 20;
using MatmulFn = void (*)(const MatmulArgs& args);

enum class KvType : uint8_t { kF16, kQ8_0, kF32 };  // kF32 loses nothing: for checks against other implementations
// Bytes of one key or value vector of one head. REQUIRES: head_dim % 32 == 0 for kQ8_0.
constexpr size_t kv_row_bytes(KvType type, uint32_t head_dim) {
  if (type == KvType::kF32) return size_t{4} * head_dim;
  return type == KvType::kF16 ? size_t{2} * head_dim : size_t{head_dim} / 32 * sizeof(BlockQ8_0);
}

// KV memory is paged: page i of a sequence holds positions [i * kPageTokens, (i + 1) * kPageTokens). Within a page, the
// keys (and apart from them the values) of one layer and one KV head are contiguous: (kPageTokens, head_dim) in KvType.
inline constexpr uint32_t kPageTokens = 64;

// A long context is cut into spans at fixed absolute positions; each span gives a partial result and
// `attention_merge` joins them in order, so that the result does not depend on who computed which.
inline constexpr uint32_t kSpanTokens = 512;

// Attention of a block of queries of one KV head's group over the positions of one span. The query of token t stands at
// position first_pos + t and sees positions p with p <= first_pos + t and, where window > 0, p > first_pos + t - window.
// REQUIRES: span_end - span_begin <= kSpanTokens, n_tokens <= kAttentionMaxTokens, group <= 256,
// head_dim <= 1024.
// For each (t, g): m = max score, l = sum exp(score - m), acc = sum exp(score - m) * value. A query that sees
// nothing of the span gets m = -inf, l = 0, acc = 0.
struct AttentionArgs {
  const float* q;             // (n_tokens, group, head_dim); token stride q_stride floats
  size_t q_stride;
  uint32_t n_tokens, group, head_dim;
  uint32_t first_pos;
  uint32_t span_begin, span_end;         // positions, span_end <= last query's position + 1
  const std::byte* const* key_pages;     // by page number (position / kPageTokens), this layer and KV head
  const std::byte* const* value_pages;   // entries of pages outside the span may be null
  KvType kv_type;
  uint32_t window;            // 0: none
  float scale;                // usually 1 / sqrt(head_dim)
  float soft_cap;             // 0: none; else score = cap * tanh(score / cap)
  float* m;                   // (n_tokens, group)
  float* l;                   // (n_tokens, group)
  float* acc;                 // (n_tokens, group, head_dim)
  std::byte* scratch;         // this thread's, kAttentionScratchBytes, 64-byte aligned
};
inline constexpr size_t kAttentionScratchBytes = 1u << 20;
inline constexpr uint32_t kAttentionMaxTokens = 32;  // n_tokens of one call

// Joins the partial results of n_spans spans, in order, for one query: out = (sum w_i acc_i) / (sum w_i l_i) with
// w_i = exp(m_i - max m). m and l have stride `stride` between spans, acc stride * head_dim.
struct AttentionMergeArgs {
  const float* m;
  const float* l;
  const float* acc;
  size_t stride;
  uint32_t n_spans, head_dim;
  float* out;                 // (head_dim)
};

enum class RopeStyle : uint8_t {
  kPairs,   // turns (2i, 2i + 1): GGUF's llama
  kHalves,  // turns (i, i + n/2): the others
};
// cos_sin: (rope_dims / 2, 2), cosine and sine of this position's angles. x: (n_heads, head_dim), in place.
struct RopeArgs {
  float* x;
  uint32_t n_heads, head_dim, rope_dims;
  const float* cos_sin;
  RopeStyle style;
};

struct KernelTable {
  std::string_view name;  // what SLM_ISA accepts: "scalar", "avx2", ...

  // x: n values -> q (n), scale and sum (n / 32). REQUIRES n % 32 == 0. Non-finite input gives finite output.
  void (*quantize_q8)(const float* x, size_t n, int8_t* q, float* scale, float* sum);
  // By TensorType; null where the type cannot be computed with.
  MatmulFn matmul[kTensorTypeCount];
  // One row of n weights to floats, by TensorType.
  void (*dequantize[kTensorTypeCount])(const std::byte* row, size_t n, float* out);

  // out = x / sqrt(mean(x^2) + eps) * w. out may be x.
  void (*rms_norm)(const float* x, const float* w, float eps, size_t n, float* out);
  void (*rope)(const RopeArgs& args);
  void (*silu_mul)(const float* gate, const float* up, size_t n, float* out);       // out may be gate or up
  void (*gelu_tanh_mul)(const float* gate, const float* up, size_t n, float* out);  // tanh form of GELU
  void (*add)(const float* a, const float* b, size_t n, float* out);                // out may be a or b
  void (*scale)(float* x, float factor, size_t n);
  void (*soft_cap)(float* x, float cap, size_t n);  // x = cap * tanh(x / cap)

  // One key or value vector of one head into its KV row. What is stored is finite: values are clipped to +-65504, NaN is 0.
  void (*store_kv)(const float* x, uint32_t head_dim, KvType type, std::byte* out);
  void (*load_kv)(const std::byte* row, uint32_t head_dim, KvType type, float* out);
  void (*attend_span)(const AttentionArgs& args);
  void (*attention_merge)(const AttentionMergeArgs& args);

  // The index of the largest value, the smallest index on ties; NaN counts as -inf. REQUIRES n >= 1.
  uint32_t (*argmax)(const float* x, size_t n);
  // log(sum exp(x_i)), summed in double in a fixed order.
  double (*log_sum_exp)(const float* x, size_t n);
};

const KernelTable& scalar_table();

// Tables this CPU (and its operating system's saved state) can run, best first; scalar is always last.
std::vector<const KernelTable*> usable_tables();

// The table chosen once at start: SLM_ISA if set, else the best. Errors: kUsage, naming the choices, for a name that is
// unknown ("kernels.unknown_isa") or that this machine lacks ("kernels.isa_not_here").
Result<const KernelTable*> choose_table();

// binary16 and bfloat16 bits to float and back (round to nearest even).
float half_to_float(uint16_t bits);
uint16_t float_to_half(float value);
float bfloat16_to_float(uint16_t bits);
uint16_t float_to_bfloat16(float value);

}  // namespace slm::kernels
