// The specification: every function of the table in plain C++, in the order of operations that other ISAs keep.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "kernels/isa/polynomials.h"
#include "kernels/isa/tables.h"
#include "kernels/peaks.h"
#include "kernels/table.h"

namespace slm::kernels {
namespace {

constexpr uint32_t kLanes = 8;

// ((0+4)+(2+6))+((1+5)+(3+7))
float sum_lanes(const float (&lane)[kLanes]) {
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

// ---- elementary functions (polynomials.h) ----

float exp_f(float x) {
  if (std::isnan(x)) return x;
  if (x < kExpMin) return 0.0f;
  x = std::min(x, kExpMax);
  const float n = std::nearbyint(x * kLog2E);
  const float r = std::fma(n, -kLn2Low, std::fma(n, -kLn2High, x));
  float p = std::fma(kExpC4, r, kExpC3);
  p = std::fma(p, r, kExpC2);
  p = std::fma(p, r, kExpC1);
  p = std::fma(p, r, kExpC0);
  p = std::fma(p, r * r, r) + 1.0f;
  const auto exponent = static_cast<uint32_t>(static_cast<int32_t>(n) + 127) << 23;
  return p * std::bit_cast<float>(exponent);
}

float tanh_f(float x) {
  const float magnitude = std::fabs(x);
  if (magnitude < kTanhSmall) {
    const float z = x * x;
    float p = std::fma(kTanhC4, z, kTanhC3);
    p = std::fma(p, z, kTanhC2);
    p = std::fma(p, z, kTanhC1);
    p = std::fma(p, z, kTanhC0);
    return std::fma(p * z, x, x);
  }
  return std::copysign(1.0f - 2.0f / (exp_f(2.0f * magnitude) + 1.0f), x);
}

// ---- blocks of weights ----

// 32 weights of one row. value = d[i / 16] * (q[i] - offset) for types with an offset, d * q + m for those with a minimum.
struct Block32 {
  int32_t q[32];
  float d[2];
  float m;
};

template <class Block>
const Block& block_at(const std::byte* row, size_t i) {
  // Blocks are packed bytes; alignment 2 is all they ask for and row starts are aligned to 32 in a checked file.
  return reinterpret_cast<const Block*>(row)[i];
}

void unpack_nibbles(const uint8_t* qs, Block32& out) {
  for (int i = 0; i < 16; ++i) {
    out.q[i] = qs[i] & 15;
    out.q[i + 16] = qs[i] >> 4;
  }
}

void add_fifth_bits(const uint8_t* qh, Block32& out) {
  for (int i = 0; i < 32; ++i) out.q[i] |= (qh[i / 8] >> (i % 8) & 1) << 4;
}

// Each type: kMinimum (has m) and kCentre. Products are summed over q - kCentre: for types with an offset that is the
// offset; for 5-bit types with a minimum 16, so that sums of 16 products fit 16 bits: value = d * (q - 16) + (16 d + m).
struct Q4_0 {
  static constexpr bool kMinimum = false;
  static constexpr int kCentre = 8;
  static void unpack(const std::byte* row, size_t b, Block32& out) {
    const auto& block = block_at<BlockQ4_0>(row, b);
    out.d[0] = out.d[1] = half_to_float(block.d);
    unpack_nibbles(block.qs, out);
  }
};
struct Q4_1 {
  static constexpr bool kMinimum = true;
  static constexpr int kCentre = 0;
  static void unpack(const std::byte* row, size_t b, Block32& out) {
    const auto& block = block_at<BlockQ4_1>(row, b);
    out.d[0] = out.d[1] = half_to_float(block.d);
    out.m = half_to_float(block.m);
    unpack_nibbles(block.qs, out);
  }
};
struct Q5_0 {
  static constexpr bool kMinimum = false;
  static constexpr int kCentre = 16;
  static void unpack(const std::byte* row, size_t b, Block32& out) {
    const auto& block = block_at<BlockQ5_0>(row, b);
    out.d[0] = out.d[1] = half_to_float(block.d);
    unpack_nibbles(block.qs, out);
    add_fifth_bits(block.qh, out);
  }
};
struct Q5_1 {
  static constexpr bool kMinimum = true;
  static constexpr int kCentre = 16;
  static void unpack(const std::byte* row, size_t b, Block32& out) {
    const auto& block = block_at<BlockQ5_1>(row, b);
    out.d[0] = out.d[1] = half_to_float(block.d);
    out.m = half_to_float(block.m);
    unpack_nibbles(block.qs, out);
    add_fifth_bits(block.qh, out);
  }
};
struct Q8_0 {
  static constexpr bool kMinimum = false;
  static constexpr int kCentre = 0;
  static void unpack(const std::byte* row, size_t b, Block32& out) {
    const auto& block = block_at<BlockQ8_0>(row, b);
    out.d[0] = out.d[1] = half_to_float(block.d);
    for (int i = 0; i < 32; ++i) out.q[i] = block.qs[i];
  }
};

// Sub-block j (0..7) of a K block: its 6-bit scale and minimum. Bytes 0-3 hold the low 6 bits of scales 0-3 and, in their
// top two bits, the high bits of scales 4-7; bytes 4-7 the same of the minima; bytes 8-11 the low nibbles of 4-7.
void unpack_k_scales(const uint8_t* s, uint32_t j, int& scale, int& minimum) {
  if (j < 4) {
    scale = s[j] & 63;
    minimum = s[j + 4] & 63;
  } else {
    scale = (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
    minimum = (s[j + 4] >> 4) | (s[j] >> 6) << 4;
  }
}

template <class Block>
void unpack_k(const Block& block, uint32_t j, Block32& out) {
  int scale, minimum;
  unpack_k_scales(block.scales, j, scale, minimum);
  out.d[0] = out.d[1] = half_to_float(block.d) * static_cast<float>(scale);
  out.m = -(half_to_float(block.dmin) * static_cast<float>(minimum));
  const uint8_t* qs = block.qs + j / 2 * 32;
  for (int i = 0; i < 32; ++i) out.q[i] = j % 2 == 0 ? qs[i] & 15 : qs[i] >> 4;
}
struct Q4_K {
  static constexpr bool kMinimum = true;
  static constexpr int kCentre = 0;
  static void unpack(const std::byte* row, size_t b, Block32& out) {
    unpack_k(block_at<BlockQ4_K>(row, b / 8), static_cast<uint32_t>(b % 8), out);
  }
};
struct Q5_K {
  static constexpr bool kMinimum = true;
  static constexpr int kCentre = 16;
  static void unpack(const std::byte* row, size_t b, Block32& out) {
    const auto& block = block_at<BlockQ5_K>(row, b / 8);
    unpack_k(block, static_cast<uint32_t>(b % 8), out);
    for (int i = 0; i < 32; ++i) out.q[i] |= (block.qh[i] >> (b % 8) & 1) << 4;
  }
};
struct Q6_K {
  static constexpr bool kMinimum = false;
  static constexpr int kCentre = 32;
  // A half of 128: 64 bytes of ql hold sub-blocks 0, 1 in the low and 2, 3 in the high nibbles; byte i of qh holds
  // two high bits each for element i of the four.
  static void unpack(const std::byte* row, size_t b, Block32& out) {
    const auto& block = block_at<BlockQ6_K>(row, b / 8);
    const size_t half = b % 8 / 4, sub = b % 4;
    const uint8_t* ql = block.ql + half * 64 + sub % 2 * 32;
    const uint8_t* qh = block.qh + half * 32;
    for (int i = 0; i < 32; ++i) {
      const int low = sub < 2 ? ql[i] & 15 : ql[i] >> 4;
      out.q[i] = low | (qh[i] >> (2 * sub) & 3) << 4;
    }
    const float d = half_to_float(block.d);
    for (int i = 0; i < 2; ++i) out.d[i] = d * static_cast<float>(block.scales[b % 8 * 2 + static_cast<size_t>(i)]);
  }
};

// ---- matrix products ----

template <class Type>
void matmul_quantised(const MatmulArgs& a) {
  constexpr uint32_t kSums = std::is_same_v<Type, Q6_K> ? 2 : 1;  // scale blocks in 32 values
  const uint32_t blocks = a.w.cols / kQ8Block;
  for (uint32_t r = a.row_begin; r < a.row_end; ++r) {
    for (uint32_t t = 0; t < a.n_tokens; ++t) a.out[t * a.out_stride + r] = 0.0f;
    for (uint32_t b = 0; b < blocks; ++b) {
      Block32 w;
      Type::unpack(a.w.row(r), b, w);
      for (uint32_t t = 0; t < a.n_tokens; ++t) {
        const size_t at = size_t{t} * blocks + b;
        const int8_t* x = a.xq.q + at * kQ8Block;
        float& acc = a.out[t * a.out_stride + r];
        for (uint32_t s = 0; s < kSums; ++s) {
          int32_t sum = 0;
          for (uint32_t i = s * 32 / kSums; i < (s + 1) * 32 / kSums; ++i) sum += (w.q[i] - Type::kCentre) * x[i];
          acc = std::fma(w.d[s] * a.xq.scale[at], static_cast<float>(sum), acc);
        }
        if constexpr (Type::kMinimum) {
          const float minimum = Type::kCentre == 0 ? w.m : std::fma(static_cast<float>(Type::kCentre), w.d[0], w.m);
          acc = std::fma(minimum, a.xq.sum[at], acc);
        }
      }
    }
    if (a.bias == nullptr) continue;
    for (uint32_t t = 0; t < a.n_tokens; ++t) a.out[t * a.out_stride + r] += a.bias[r];
  }
}

struct F32 {
  static float load(const std::byte* row, size_t i) { return reinterpret_cast<const float*>(row)[i]; }
};
struct F16 {
  static float load(const std::byte* row, size_t i) { return half_to_float(reinterpret_cast<const uint16_t*>(row)[i]); }
};
struct BF16 {
  static float load(const std::byte* row, size_t i) {
    return bfloat16_to_float(reinterpret_cast<const uint16_t*>(row)[i]);
  }
};

template <class Type>
void matmul_float(const MatmulArgs& a) {
  for (uint32_t r = a.row_begin; r < a.row_end; ++r) {
    for (uint32_t t = 0; t < a.n_tokens; ++t) {
      const float* x = a.x + t * a.x_stride;
      float lane[kLanes] = {};
      for (uint32_t k = 0; k < a.w.cols; ++k) {
        lane[k % kLanes] = std::fma(Type::load(a.w.row(r), k), x[k], lane[k % kLanes]);
      }
      const float dot = sum_lanes(lane);
      a.out[t * a.out_stride + r] = a.bias ? dot + a.bias[r] : dot;
    }
  }
}

template <class Type>
void dequantize_blocks(const std::byte* row, size_t n, float* out) {
  for (size_t b = 0; b < n / 32; ++b) {
    Block32 w;
    Type::unpack(row, b, w);
    for (uint32_t i = 0; i < 32; ++i) {
      out[b * 32 + i] = Type::kMinimum ? w.d[0] * static_cast<float>(w.q[i]) + w.m
                                       : w.d[i / 16] * static_cast<float>(w.q[i] - Type::kCentre);
    }
  }
}

template <class Type>
void dequantize_floats(const std::byte* row, size_t n, float* out) {
  for (size_t i = 0; i < n; ++i) out[i] = Type::load(row, i);
}

// ---- activations ----

void quantize_q8(const float* x, size_t n, int8_t* q, float* scale, float* sum) {
  for (size_t b = 0; b < n / kQ8Block; ++b) {
    float v[kQ8Block];
    float largest = 0.0f;
    for (uint32_t i = 0; i < kQ8Block; ++i) {
      const float value = x[b * kQ8Block + i];
      v[i] = std::isnan(value) ? 0.0f : std::clamp(value, -kQ8Largest, kQ8Largest);
      largest = std::max(largest, std::fabs(v[i]));
    }
    const bool zero = largest < kQ8Smallest;
    const float inverse = zero ? 0.0f : 127.0f / largest;
    int32_t total = 0;
    for (uint32_t i = 0; i < kQ8Block; ++i) {
      const auto value = static_cast<int8_t>(std::nearbyint(v[i] * inverse));
      q[b * kQ8Block + i] = value;
      total += value;
    }
    scale[b] = zero ? 0.0f : largest / 127.0f;
    sum[b] = scale[b] * static_cast<float>(total);
  }
}

void rms_norm(const float* x, const float* w, float eps, size_t n, float* out) {
  float lane[kLanes] = {};
  for (size_t i = 0; i < n; ++i) lane[i % kLanes] = std::fma(x[i], x[i], lane[i % kLanes]);
  const float factor = 1.0f / std::sqrt(sum_lanes(lane) / static_cast<float>(n) + eps);
  for (size_t i = 0; i < n; ++i) out[i] = x[i] * factor * w[i];
}

void rope(const RopeArgs& a) {
  const uint32_t pairs = a.rope_dims / 2;
  for (uint32_t h = 0; h < a.n_heads; ++h) {
    float* x = a.x + size_t{h} * a.head_dim;
    for (uint32_t i = 0; i < pairs; ++i) {
      float& first = a.style == RopeStyle::kPairs ? x[2 * i] : x[i];
      float& second = a.style == RopeStyle::kPairs ? x[2 * i + 1] : x[i + pairs];
      const float c = a.cos_sin[2 * i], s = a.cos_sin[2 * i + 1];
      const float turned = first * c - second * s;
      second = first * s + second * c;
      first = turned;
    }
  }
}

void silu_mul(const float* gate, const float* up, size_t n, float* out) {
  for (size_t i = 0; i < n; ++i) out[i] = gate[i] / (1.0f + exp_f(-gate[i])) * up[i];
}

void gelu_tanh_mul(const float* gate, const float* up, size_t n, float* out) {
  for (size_t i = 0; i < n; ++i) {
    const float x = gate[i];
    const float y = kGeluA * x * std::fma(kGeluB, x * x, 1.0f);
    out[i] = x / (1.0f + exp_f(-y)) * up[i];
  }
}

void add(const float* a, const float* b, size_t n, float* out) {
  for (size_t i = 0; i < n; ++i) out[i] = a[i] + b[i];
}

void scale(float* x, float factor, size_t n) {
  for (size_t i = 0; i < n; ++i) x[i] *= factor;
}

void soft_cap(float* x, float cap, size_t n) {
  for (size_t i = 0; i < n; ++i) x[i] = cap * tanh_f(x[i] / cap);
}

// ---- attention ----

// Clipped to what a half can hold, NaN to 0: a value that another query must not see is multiplied by 0 and must vanish.
float finite_half(float x) { return std::isnan(x) ? 0.0f : std::clamp(x, -kHalfLargest, kHalfLargest); }

void store_q8_0(const float* x, BlockQ8_0& block) {
  float v[32];
  float largest = 0.0f;
  for (int i = 0; i < 32; ++i) {
    v[i] = finite_half(x[i]);
    largest = std::max(largest, std::fabs(v[i]));
  }
  block.d = float_to_half(largest / 127.0f);
  // By the scale as it is stored; a scale that rounds to 0 as a half is a block of zeros.
  const float d = half_to_float(block.d);
  const float inverse = d > 0.0f ? 1.0f / d : 0.0f;
  for (int i = 0; i < 32; ++i) {
    block.qs[i] = static_cast<int8_t>(std::clamp(std::nearbyint(v[i] * inverse), -127.0f, 127.0f));
  }
}

void store_kv(const float* x, uint32_t head_dim, KvType type, std::byte* out) {
  if (type == KvType::kF32) {
    std::memcpy(out, x, head_dim * sizeof(float));
    return;
  }
  if (type == KvType::kF16) {
    for (uint32_t i = 0; i < head_dim; ++i) reinterpret_cast<uint16_t*>(out)[i] = float_to_half(finite_half(x[i]));
    return;
  }
  for (uint32_t b = 0; b < head_dim / 32; ++b) store_q8_0(x + b * 32, reinterpret_cast<BlockQ8_0*>(out)[b]);
}

void load_kv(const std::byte* row, uint32_t head_dim, KvType type, float* out) {
  if (type == KvType::kF32) {
    std::memcpy(out, row, head_dim * sizeof(float));
    return;
  }
  if (type == KvType::kF16) {
    dequantize_floats<F16>(row, head_dim, out);
  } else {
    dequantize_blocks<Q8_0>(row, head_dim, out);
  }
}

const std::byte* kv_row(const std::byte* const* pages, const AttentionArgs& a, uint32_t position) {
  return pages[position / kPageTokens] + position % kPageTokens * kv_row_bytes(a.kv_type, a.head_dim);
}

float score(const AttentionArgs& a, const float* q, const float* key) {
  float lane[kLanes] = {};
  for (uint32_t i = 0; i < a.head_dim; ++i) lane[i % kLanes] = std::fma(key[i], q[i], lane[i % kLanes]);
  const float s = sum_lanes(lane) * a.scale;
  return a.soft_cap > 0.0f ? a.soft_cap * tanh_f(s / a.soft_cap) : s;
}

// One query over the positions [begin, end) that it sees of the span. Lanes of l are positions modulo 8 from the span's
// begin; acc takes positions in order.
void attend_one(const AttentionArgs& a, const float* q, uint32_t begin, uint32_t end, size_t to) {
  auto* const scores = reinterpret_cast<float*>(a.scratch);  // (end - begin)
  float* const row = scores + kSpanTokens;                   // (head_dim)
  float* const acc = a.acc + to * a.head_dim;
  std::fill(acc, acc + a.head_dim, 0.0f);
  float m = -std::numeric_limits<float>::infinity();
  for (uint32_t p = begin; p < end; ++p) {
    load_kv(kv_row(a.key_pages, a, p), a.head_dim, a.kv_type, row);
    scores[p - begin] = score(a, q, row);
    m = std::max(m, scores[p - begin]);
  }
  float lane[kLanes] = {};
  for (uint32_t p = begin; p < end; ++p) {
    const float weight = exp_f(scores[p - begin] - m);
    lane[(p - a.span_begin) % kLanes] += weight;
    load_kv(kv_row(a.value_pages, a, p), a.head_dim, a.kv_type, row);
    for (uint32_t i = 0; i < a.head_dim; ++i) acc[i] = std::fma(weight, row[i], acc[i]);
  }
  a.m[to] = m;
  a.l[to] = sum_lanes(lane);
}

void attend_span(const AttentionArgs& a) {
  for (uint32_t t = 0; t < a.n_tokens; ++t) {
    const uint32_t position = a.first_pos + t;
    const uint32_t oldest = a.window > 0 && position >= a.window ? position - a.window + 1 : 0;
    const uint32_t begin = std::max(a.span_begin, oldest), end = std::min(a.span_end, position + 1);
    for (uint32_t g = 0; g < a.group; ++g) {
      const float* q = a.q + t * a.q_stride + size_t{g} * a.head_dim;
      attend_one(a, q, begin, std::max(begin, end), size_t{t} * a.group + g);
    }
  }
}

void attention_merge(const AttentionMergeArgs& a) {
  float m = -std::numeric_limits<float>::infinity();
  for (uint32_t s = 0; s < a.n_spans; ++s) m = std::max(m, a.m[s * a.stride]);
  float l = 0.0f;
  std::fill(a.out, a.out + a.head_dim, 0.0f);
  for (uint32_t s = 0; s < a.n_spans; ++s) {
    const size_t at = s * a.stride;
    if (a.l[at] == 0.0f) continue;  // saw nothing: m may be -inf on both sides
    const float weight = exp_f(a.m[at] - m);
    l = std::fma(weight, a.l[at], l);
    const float* acc = a.acc + at * a.head_dim;
    for (uint32_t i = 0; i < a.head_dim; ++i) a.out[i] = std::fma(weight, acc[i], a.out[i]);
  }
  const float inverse = 1.0f / l;
  for (uint32_t i = 0; i < a.head_dim; ++i) a.out[i] *= inverse;
}

// ---- logits ----

uint32_t argmax(const float* x, size_t n) {
  size_t best = 0;
  float largest = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < n; ++i) {
    if (x[i] > largest) {
      largest = x[i];
      best = i;
    }
  }
  return static_cast<uint32_t>(best);
}

double log_sum_exp(const float* x, size_t n) {
  float m = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < n; ++i) m = std::max(m, x[i]);
  if (std::isinf(m)) return m;  // nothing but -inf, or an infinity that outweighs the rest
  double lane[kLanes] = {};
  for (size_t i = 0; i < n; ++i) lane[i % kLanes] += static_cast<double>(exp_f(x[i] - m));
  const double sum = ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
  return static_cast<double>(m) + std::log(sum);
}

template <class Type>
void set_quantised(KernelTable& table, TensorType type) {
  table.matmul[static_cast<uint32_t>(type)] = matmul_quantised<Type>;
  table.dequantize[static_cast<uint32_t>(type)] = dequantize_blocks<Type>;
}
template <class Type>
void set_float(KernelTable& table, TensorType type) {
  table.matmul[static_cast<uint32_t>(type)] = matmul_float<Type>;
  table.dequantize[static_cast<uint32_t>(type)] = dequantize_floats<Type>;
}

KernelTable make_table() {
  KernelTable table{};
  table.name = "scalar";
  table.quantize_q8 = quantize_q8;
  set_float<F32>(table, TensorType::kF32);
  set_float<F16>(table, TensorType::kF16);
  set_float<BF16>(table, TensorType::kBF16);
  set_quantised<Q8_0>(table, TensorType::kQ8_0);
  set_quantised<Q4_0>(table, TensorType::kQ4_0);
  set_quantised<Q4_1>(table, TensorType::kQ4_1);
  set_quantised<Q5_0>(table, TensorType::kQ5_0);
  set_quantised<Q5_1>(table, TensorType::kQ5_1);
  set_quantised<Q4_K>(table, TensorType::kQ4_K);
  set_quantised<Q5_K>(table, TensorType::kQ5_K);
  set_quantised<Q6_K>(table, TensorType::kQ6_K);
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

constexpr uint64_t kPeakChains = 8;

uint64_t peak_bytes(uint64_t rounds) {
  int32_t sum[kPeakChains] = {};
  int32_t w = 7, x = -3;
  __asm__ volatile("" : "+r"(w), "+r"(x));  // nothing to know beforehand
  for (uint64_t i = 0; i < rounds; ++i) {
    for (int32_t& s : sum) {
      s = static_cast<int32_t>(static_cast<uint32_t>(s) + static_cast<uint32_t>(w * x));
      __asm__ volatile("" : "+r"(s));  // each is really done
    }
  }
  return rounds * kPeakChains;
}

uint64_t peak_floats(uint64_t rounds) {
  float sum[kPeakChains] = {};
  volatile float factor = 0.5f;
  const float w = factor, x = factor;
  for (uint64_t i = 0; i < rounds; ++i) {
    for (float& s : sum) {
      s += w * x;
      __asm__ volatile("" : "+m"(s));
    }
  }
  return rounds * kPeakChains;
}

}  // namespace

const PeakProducts& scalar_peaks() {
  static constexpr PeakProducts peaks = {peak_bytes, peak_floats};
  return peaks;
}

const KernelTable& scalar_table() {
  static const KernelTable table = make_table();
  return table;
}

}  // namespace slm::kernels
