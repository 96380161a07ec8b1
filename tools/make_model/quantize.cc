#include "make_model/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/result.h"
#include "kernels/table.h"

namespace slm {
namespace {

using kernels::float_to_bfloat16;
using kernels::float_to_half;
using kernels::half_to_float;

float inverse(float scale) { return scale != 0.0f ? 1.0f / scale : 0.0f; }

int rounded(float value, int low, int high) { return std::clamp(static_cast<int>(std::lrint(value)), low, high); }

// The value of largest magnitude, with its sign.
float extreme(const float* x, size_t n) {
  float best = 0.0f;
  for (size_t i = 0; i < n; ++i) {
    if (std::fabs(x[i]) > std::fabs(best)) best = x[i];
  }
  return best;
}

void set_bit(uint8_t* bits, size_t i, unsigned value) { bits[i / 8] |= static_cast<uint8_t>(value << (i % 8)); }

// Types with a centre: the extreme value takes the lowest quant, which has one step more than the highest.
void to_q4_0(const float* x, BlockQ4_0& block) {
  block.d = float_to_half(extreme(x, 32) / -8.0f);
  const float inv = inverse(half_to_float(block.d));
  for (size_t i = 0; i < 16; ++i) {
    const int low = rounded(x[i] * inv, -8, 7) + 8, high = rounded(x[i + 16] * inv, -8, 7) + 8;
    block.qs[i] = static_cast<uint8_t>(low | high << 4);
  }
}

void to_q5_0(const float* x, BlockQ5_0& block) {
  block.d = float_to_half(extreme(x, 32) / -16.0f);
  const float inv = inverse(half_to_float(block.d));
  for (size_t i = 0; i < 16; ++i) {
    const int low = rounded(x[i] * inv, -16, 15) + 16, high = rounded(x[i + 16] * inv, -16, 15) + 16;
    block.qs[i] = static_cast<uint8_t>((low & 15) | (high & 15) << 4);
    set_bit(block.qh, i, static_cast<unsigned>(low >> 4));
    set_bit(block.qh, i + 16, static_cast<unsigned>(high >> 4));
  }
}

void to_q8_0(const float* x, BlockQ8_0& block) {
  block.d = float_to_half(std::fabs(extreme(x, 32)) / 127.0f);
  const float inv = inverse(half_to_float(block.d));
  for (size_t i = 0; i < 32; ++i) block.qs[i] = static_cast<int8_t>(rounded(x[i] * inv, -127, 127));
}

// Types with a minimum: steps from the least value to the greatest.
template <class Block>
float set_range(const float* x, int steps, Block& block) {
  const auto [low, high] = std::minmax_element(x, x + 32);
  block.d = float_to_half((*high - *low) / static_cast<float>(steps));
  block.m = float_to_half(*low);
  return inverse(half_to_float(block.d));
}

void to_q4_1(const float* x, BlockQ4_1& block) {
  const float inv = set_range(x, 15, block), low = half_to_float(block.m);
  for (size_t i = 0; i < 16; ++i) {
    block.qs[i] = static_cast<uint8_t>(rounded((x[i] - low) * inv, 0, 15) | rounded((x[i + 16] - low) * inv, 0, 15) << 4);
  }
}

void to_q5_1(const float* x, BlockQ5_1& block) {
  const float inv = set_range(x, 31, block), least = half_to_float(block.m);
  for (size_t i = 0; i < 16; ++i) {
    const int low = rounded((x[i] - least) * inv, 0, 31), high = rounded((x[i + 16] - least) * inv, 0, 31);
    block.qs[i] = static_cast<uint8_t>((low & 15) | (high & 15) << 4);
    set_bit(block.qh, i, static_cast<unsigned>(low >> 4));
    set_bit(block.qh, i + 16, static_cast<unsigned>(high >> 4));
  }
}

// Scale and minimum of each of 8 sub-blocks of 32, in 6 bits of the block's d and dmin; then the quants, unpacked.
struct SubBlocks {
  uint16_t d, dmin;
  int scale[8], min[8];
  uint8_t q[256];
};

SubBlocks split(const float* x, int steps) {
  float scale[8], min[8];  // value = scale * q - min, min >= 0
  for (int b = 0; b < 8; ++b) {
    const auto [low, high] = std::minmax_element(x + 32 * b, x + 32 * b + 32);
    min[b] = std::max(0.0f, -*low);
    scale[b] = (std::max(*high, -min[b]) + min[b]) / static_cast<float>(steps);
  }
  SubBlocks out;
  out.d = float_to_half(*std::max_element(scale, scale + 8) / 63.0f);
  out.dmin = float_to_half(*std::max_element(min, min + 8) / 63.0f);
  const float d = half_to_float(out.d), dmin = half_to_float(out.dmin);
  for (int b = 0; b < 8; ++b) {
    out.scale[b] = rounded(scale[b] * inverse(d), 0, 63);
    out.min[b] = rounded(min[b] * inverse(dmin), 0, 63);
    const float offset = dmin * static_cast<float>(out.min[b]), inv = inverse(d * static_cast<float>(out.scale[b]));
    for (int i = 0; i < 32; ++i) {
      out.q[32 * b + i] = static_cast<uint8_t>(rounded((x[32 * b + i] + offset) * inv, 0, steps));
    }
  }
  return out;
}

// 16 numbers of 6 bits in 12 bytes: the first four scales and minimums in the low bits of bytes 0-7; of the last four, the
// low nibbles in bytes 8-11 and the two high bits above those of bytes 0-7.
void pack_scales(const SubBlocks& in, uint8_t* out) {
  for (int b = 0; b < 4; ++b) {
    out[b] = static_cast<uint8_t>(in.scale[b] | (in.scale[b + 4] >> 4) << 6);
    out[b + 4] = static_cast<uint8_t>(in.min[b] | (in.min[b + 4] >> 4) << 6);
    out[b + 8] = static_cast<uint8_t>((in.scale[b + 4] & 15) | (in.min[b + 4] & 15) << 4);
  }
}

// Each 32 bytes hold two sub-blocks: one in the low nibbles, the next in the high ones.
void pack_nibbles(const SubBlocks& in, uint8_t* qs) {
  for (int pair = 0; pair < 4; ++pair) {
    for (int i = 0; i < 32; ++i) {
      qs[32 * pair + i] = static_cast<uint8_t>((in.q[64 * pair + i] & 15) | (in.q[64 * pair + 32 + i] & 15) << 4);
    }
  }
}

void to_q4_k(const float* x, BlockQ4_K& block) {
  const SubBlocks parts = split(x, 15);
  block.d = parts.d;
  block.dmin = parts.dmin;
  pack_scales(parts, block.scales);
  pack_nibbles(parts, block.qs);
}

void to_q5_k(const float* x, BlockQ5_K& block) {
  const SubBlocks parts = split(x, 31);
  block.d = parts.d;
  block.dmin = parts.dmin;
  pack_scales(parts, block.scales);
  pack_nibbles(parts, block.qs);
  for (int b = 0; b < 8; ++b) {  // bit b of qh[i]: the fifth bit of element i of sub-block b
    for (int i = 0; i < 32; ++i) block.qh[i] |= static_cast<uint8_t>((parts.q[32 * b + i] >> 4) << b);
  }
}

void to_q6_k(const float* x, BlockQ6_K& block) {
  float scale[16];  // of sub-blocks of 16; signed, so that the extreme takes the lowest quant
  for (int b = 0; b < 16; ++b) scale[b] = extreme(x + 16 * b, 16) / -32.0f;
  block.d = float_to_half(extreme(scale, 16) / -128.0f);
  const float d = half_to_float(block.d);
  uint8_t q[256];
  for (int b = 0; b < 16; ++b) {
    block.scales[b] = static_cast<int8_t>(rounded(scale[b] * inverse(d), -128, 127));
    const float inv = inverse(d * static_cast<float>(block.scales[b]));
    for (int i = 0; i < 16; ++i) q[16 * b + i] = static_cast<uint8_t>(rounded(x[16 * b + i] * inv, -32, 31) + 32);
  }
  for (int half = 0; half < 2; ++half) {  // 128 elements: four runs of 32, low nibbles in pairs, high bits in fours
    for (int i = 0; i < 32; ++i) {
      const uint8_t* run = q + 128 * half + i;
      block.ql[64 * half + i] = static_cast<uint8_t>((run[0] & 15) | (run[64] & 15) << 4);
      block.ql[64 * half + 32 + i] = static_cast<uint8_t>((run[32] & 15) | (run[96] & 15) << 4);
      block.qh[32 * half + i] = static_cast<uint8_t>(run[0] >> 4 | run[32] >> 4 << 2 | run[64] >> 4 << 4 | run[96] >> 4 << 6);
    }
  }
}

template <class Block, size_t kElements>
void each_block(const float* x, size_t n, std::byte* out, void (*convert)(const float*, Block&)) {
  for (size_t i = 0; i < n; i += kElements, out += sizeof(Block)) {
    Block block{};
    convert(x + i, block);
    std::memcpy(out, &block, sizeof(block));
  }
}

void each_value(const float* x, size_t n, std::byte* out, uint16_t (*convert)(float)) {
  for (size_t i = 0; i < n; ++i) {
    const uint16_t bits = convert(x[i]);
    std::memcpy(out + 2 * i, &bits, sizeof(bits));
  }
}

}  // namespace

void quantize_row(TensorType type, const float* x, size_t n, std::byte* out) {
  SLM_CHECK(type_info(type).computable && n % type_info(type).block_elements == 0);
  switch (type) {
    case TensorType::kF32: std::memcpy(out, x, n * sizeof(float)); return;
    case TensorType::kF16: return each_value(x, n, out, float_to_half);
    case TensorType::kBF16: return each_value(x, n, out, float_to_bfloat16);
    case TensorType::kQ4_0: return each_block<BlockQ4_0, 32>(x, n, out, to_q4_0);
    case TensorType::kQ4_1: return each_block<BlockQ4_1, 32>(x, n, out, to_q4_1);
    case TensorType::kQ5_0: return each_block<BlockQ5_0, 32>(x, n, out, to_q5_0);
    case TensorType::kQ5_1: return each_block<BlockQ5_1, 32>(x, n, out, to_q5_1);
    case TensorType::kQ8_0: return each_block<BlockQ8_0, 32>(x, n, out, to_q8_0);
    case TensorType::kQ4_K: return each_block<BlockQ4_K, 256>(x, n, out, to_q4_k);
    case TensorType::kQ5_K: return each_block<BlockQ5_K, 256>(x, n, out, to_q5_k);
    case TensorType::kQ6_K: return each_block<BlockQ6_K, 256>(x, n, out, to_q6_k);
    default: return;  // not computable: excluded above
  }
}

}  // namespace slm
