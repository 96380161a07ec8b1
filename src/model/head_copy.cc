// The bound. Let w be a row of the head, v the same row of the copy, x the input in 8 bits (scale * q, as real numbers), u = 2^-24.
//
// A head of Q8_0 or Q6_K computes fl(w.x), the copy fl(v.x), from the same x, so
//   |fl(w.x) - fl(v.x)| <= |(w - v).x| + |fl(w.x) - w.x| + |fl(v.x) - v.x|.
// The first is at most |w - v| |x| (Cauchy and Schwarz). The others are rounding (kernels/table.h, "Order of sums"): block after block
// acc = fma(fl(w_scale * x_scale), isum, acc), where isum is exact, below 2^24, so that a block's product is off by the factor (1 + u) of its
// scale and each of the n sums by another: at most g(n + 1) * sum over blocks of |w_b . x_b| <= g(n + 1) |w| |x| (Cauchy and Schwarz twice),
// g(k) = k u / (1 - k u). Q6_K's blocks are of 16 columns; its w_scale, a half times 8 bits, is exact, and so is each weight as a float: 11 bits of
// the half, 7 of the scale, 5 of the quant (128 and 32 are powers of two), none below 2^-24. A head of floats reads the floats y that x is made of:
// |w.y - w.x| <= |w| |y - x| comes on top, and the rounding of its fma chains in 8 lanes and 3 levels of sums, g(cols / 8 + 4) |w| |y|. With
// |v| <= |w| + |w - v|, and steps = the longer chain + 2:
//   |exact - coarse| <= |x| (|w - v| + g(steps) (2 |w| + |w - v|)) + |w| (|y - x| + g(steps) |y|), the last term for heads of floats alone.
// That is error_ * norm + norm_ * drift. What is computed here is rounded up by kUp, far more than the few roundings each number goes through.
// Underflow: a product of scales below the normal numbers is off by 2^-126 at most, times isum < 2^20 and 2^12 blocks: below kTiny.
// Overflow is left out of account by limits far below the largest float: rows and inputs beyond them get an infinite bound.
#include "model/head_copy.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "model/weights.h"

namespace slm {
namespace {

constexpr uint32_t kCopyBlock = 32;
constexpr uint32_t kColumnsOfQ6KSum = 16;
constexpr double kUnit = 0x1p-24;
constexpr double kUp = 1 + 1e-5;
constexpr float kTiny = 0x1p-90f;
constexpr double kLargestRow = 1e15, kLargestInput = 1e20;
constexpr float kLargestHalf = 65504.0f;

// Sum of 32 values, four and more at a time.
float sum_of(float (&values)[kCopyBlock]) {
  for (uint32_t n = kCopyBlock / 2; n > 0; n /= 2) {
    for (uint32_t i = 0; i < n; ++i) values[i] += values[i + n];
  }
  return values[0];
}

// Half the number of steps that a type has: values are -kHalf .. kHalf - 1 of them.
template <class Block>
constexpr int kHalf = std::is_same_v<Block, BlockQ5_0> ? 16 : 8;

void pack_nibbles(const uint8_t (&q)[kCopyBlock], uint8_t (&out)[16]) {
  for (uint32_t i = 0; i < 16; ++i) out[i] = static_cast<uint8_t>((q[i] & 15) | q[i + 16] << 4);
}

void pack(const uint8_t (&q)[kCopyBlock], BlockQ4_0& out) { pack_nibbles(q, out.qs); }

void pack(const uint8_t (&q)[kCopyBlock], BlockQ5_0& out) {
  pack_nibbles(q, out.qs);
  uint8_t fifth[kCopyBlock];
  for (uint32_t i = 0; i < kCopyBlock; ++i) fifth[i] = q[i] >> 4;
  for (uint32_t i = 0; i < 4; ++i) {
    uint64_t bytes;
    std::memcpy(&bytes, fifth + 8 * i, 8);
    out.qh[i] = static_cast<uint8_t>(bytes * 0x0102040810204080u >> 56);  // bit k of the top byte: byte k
  }
}

// Squares of a block's error and of its weights.
struct Squares {
  double error, weight;
};

// The value farthest from 0; with what is not a number, `odd` is not one either.
float extreme_of(const float* w, float& odd) {
  float low[8] = {}, high[8] = {}, zero[8] = {};
  for (uint32_t i = 0; i < kCopyBlock; i += 8) {
    for (uint32_t j = 0; j < 8; ++j) {
      low[j] = w[i + j] < low[j] ? w[i + j] : low[j];
      high[j] = w[i + j] > high[j] ? w[i + j] : high[j];
      zero[j] += w[i + j] * 0.0f;
    }
  }
  float least = 0, most = 0;
  odd = 0;
  for (uint32_t j = 0; j < 8; ++j) least = std::min(least, low[j]), most = std::max(most, high[j]), odd += zero[j];
  return -least > most ? least : most;
}

uint16_t half_of_step(float step) { return kernels::float_to_half(std::clamp(step, -kLargestHalf, kLargestHalf)); }

// From 8 bits, in integers: half a dozen times faster than by floats, and without rounding of its own.
template <class Block>
Squares encode(const BlockQ8_0& in, Block& out) {
  constexpr int kMost = kHalf<Block>;
  int16_t q[kCopyBlock], steps[kCopyBlock], least = 0, most = 0;
  for (uint32_t i = 0; i < kCopyBlock; ++i) q[i] = in.qs[i];
  for (uint32_t i = 0; i < kCopyBlock; ++i) {
    least = q[i] < least ? q[i] : least;
    most = q[i] > most ? q[i] : most;
  }
  // The extreme becomes -kMost steps. Not less than 9, so that `factor` has 16 bits; blocks as they are made have 127.
  const int extreme = -least > most ? std::min<int>(least, -9) : std::max<int>(most, 9);
  const float scale = kernels::half_to_float(in.d);
  out.d = half_of_step(scale * static_cast<float>(extreme) / -kMost);
  const auto factor = static_cast<int16_t>(-kMost * 16384 / extreme);
  for (uint32_t i = 0; i < kCopyBlock; ++i) {
    auto in_64ths = static_cast<int16_t>(int32_t{static_cast<int16_t>(q[i] * 256)} * factor >> 16);
    in_64ths = static_cast<int16_t>((in_64ths + 32) >> 6);
    in_64ths = in_64ths < -kMost ? int16_t{-kMost} : in_64ths;
    steps[i] = in_64ths > kMost - 1 ? int16_t{kMost - 1} : in_64ths;
  }
  uint8_t packed[kCopyBlock];
  for (uint32_t i = 0; i < kCopyBlock; ++i) packed[i] = static_cast<uint8_t>(steps[i] + kMost);
  pack(packed, out);
  int32_t qq = 0, qs = 0, ss = 0;
  for (uint32_t i = 0; i < kCopyBlock; ++i) qq += int32_t{q[i]} * q[i];
  for (uint32_t i = 0; i < kCopyBlock; ++i) qs += int32_t{q[i]} * steps[i];
  for (uint32_t i = 0; i < kCopyBlock; ++i) ss += int32_t{steps[i]} * steps[i];
  // Sum of (d q - d' s)^2: halves, near each other, and small integers, so exact in double.
  const double d = scale, step = kernels::half_to_float(out.d);
  return {d * d * qq - 2 * d * step * qs + step * step * ss, d * d * qq};
}

template <class Block>
Squares encode(const float* w, Block& out) {
  constexpr int kMost = kHalf<Block>;
  float odd;
  const float extreme = extreme_of(w, odd);
  out.d = half_of_step(extreme / -kMost);
  const float step = kernels::half_to_float(out.d);
  uint8_t q[kCopyBlock];
  if (step == 0.0f) {
    std::memset(q, kMost, sizeof q);
    pack(q, out);
    const double all = 32.0 * extreme * extreme + odd;
    return {all, all};
  }
  const float inverse = 1.0f / step;
  float error[kCopyBlock], weight[kCopyBlock];
  for (uint32_t i = 0; i < kCopyBlock; ++i) {
    const float steps = w[i] * inverse;
    float up = steps + (kMost + 0.5f);
    up = up > 0.0f ? up : 0.0f;
    up = up < 2.0f * kMost - 1 ? up : 2.0f * kMost - 1;
    const auto whole = static_cast<int32_t>(up);
    const float left = steps - static_cast<float>(whole - kMost);
    q[i] = static_cast<uint8_t>(whole);
    error[i] = left * left;
    weight[i] = steps * steps;
  }
  pack(q, out);
  const double square = double{step} * step;
  return {square * sum_of(error) + odd, square * sum_of(weight)};
}

float rounded_up(double x) {
  const auto nearest = static_cast<float>(x);
  return nearest < x ? std::nextafter(nearest, std::numeric_limits<float>::infinity()) : nearest;
}

// The most sums one after the other in a product by the head or by a copy.
size_t chain(const TensorView& head) {
  const size_t blocks = head.cols / (head.type == TensorType::kQ6_K ? kColumnsOfQ6KSum : kCopyBlock);
  return (reads_floats(head.type) ? std::max<size_t>(blocks, head.cols / 8 + 4) : blocks) + 2;
}

double rounding(const TensorView& head) {
  const double k = static_cast<double>(chain(head)) * kUnit;
  return k / (1 - k);
}

size_t copy_bytes(const TensorView& head, TensorType type) { return size_t{head.rows} * row_bytes(type, head.cols); }
// Of the bounds.
size_t numbers_of(const TensorView& head) { return (reads_floats(head.type) ? size_t{2} : size_t{1}) * head.rows; }

}  // namespace

bool HeadCopy::saves(const TensorView& head) {
  return (head.type == TensorType::kQ8_0 || head.type == TensorType::kQ6_K || reads_floats(head.type)) && head.cols % kCopyBlock == 0;
}

uint64_t HeadCopy::bytes(const TensorView& head, TensorType type) {
  return copy_bytes(head, type) + numbers_of(head) * sizeof(float) + kHugePageBytes;
}

std::unique_ptr<HeadCopy> HeadCopy::reserve(const TensorView& head, TensorType type, const kernels::KernelTable& kernels) {
  std::unique_ptr<HeadCopy> copy(new HeadCopy);
  // The copy is read from its begin to its end with each token.
  const size_t weights = (copy_bytes(head, type) + alignof(float) - 1) / alignof(float) * alignof(float);
  copy->memory_ = std::make_unique<HugeMemory>(weights + numbers_of(head) * sizeof(float));
  std::byte* const at = copy->memory_->data();
  if (at == nullptr) return nullptr;
  copy->head_ = head;
  copy->kernels_ = &kernels;
  copy->view_ = {type, at, head.rows, head.cols, row_bytes(type, head.cols)};
  float* const numbers = reinterpret_cast<float*>(at + weights);
  copy->error_ = numbers;
  if (reads_floats(head.type)) copy->norm_ = numbers + head.rows;
  return copy;
}

void HeadCopy::fill(size_t begin, size_t end) {
  view_.type == TensorType::kQ4_0 ? fill_blocks<BlockQ4_0>(begin, end) : fill_blocks<BlockQ5_0>(begin, end);
}

template <class Block>
void HeadCopy::fill_blocks(size_t begin, size_t end) {
  const bool of_q8_0 = head_.type == TensorType::kQ8_0;
  const auto dequantize = kernels_->dequantize[static_cast<uint32_t>(head_.type)];
  std::vector<float> row(of_q8_0 ? 0 : head_.cols);
  const double slack = rounding(head_);
  for (size_t r = begin; r < end; ++r) {
    const std::byte* weights = head_.row(r);
    if (!of_q8_0) dequantize(weights, head_.cols, row.data());
    auto* blocks = reinterpret_cast<Block*>(const_cast<std::byte*>(view_.row(r)));
    Squares sum = {0, 0};
    for (uint32_t b = 0; b < head_.cols / kCopyBlock; ++b) {
      const Squares block = of_q8_0 ? encode(reinterpret_cast<const BlockQ8_0*>(weights)[b], blocks[b])
                                    : encode(row.data() + b * kCopyBlock, blocks[b]);
      sum.error += block.error;
      sum.weight += block.weight;
    }
    const double weight = std::sqrt(sum.weight) * kUp;
    const double error = std::sqrt(sum.error) * kUp + (of_q8_0 ? 0 : 4 * kUnit * weight);  // floats in steps are off by 3 u of the weight
    const double bound = (error + slack * (2 * weight + error)) * kUp;
    const bool known = 2 * weight + error < kLargestRow;                   // false where any of it is no number
    error_[r] = known ? rounded_up(bound) : std::numeric_limits<float>::infinity();
    if (norm_) norm_[r] = known ? rounded_up(weight) : std::numeric_limits<float>::infinity();
  }
}

HeadCopy::Reach HeadCopy::reach(const HeadInput& in) const {
  double square = 0, apart = 0, floats = 0;
  for (uint32_t b = 0; b < head_.cols / kCopyBlock; ++b) {
    const double scale = in.quant.scale[b];
    int32_t sum = 0;
    for (uint32_t i = b * kCopyBlock; i < (b + 1) * kCopyBlock; ++i) sum += in.quant.q[i] * in.quant.q[i];
    square += scale * scale * sum;
    if (!norm_) continue;
    for (uint32_t i = b * kCopyBlock; i < (b + 1) * kCopyBlock; ++i) {
      const double x = in.x[i], off = x - scale * in.quant.q[i];
      apart += off * off;
      floats += x * x;
    }
  }
  const double norm = std::sqrt(square) * kUp, y = std::sqrt(floats) * kUp;
  const double drift = norm_ ? (std::sqrt(apart) + rounding(head_) * y) * kUp : 0;
  if (!(norm < kLargestInput && y < kLargestInput)) return {std::numeric_limits<float>::infinity(), 0};
  return {rounded_up(norm), rounded_up(drift)};
}

void HeadCopy::upper_bounds(size_t begin, size_t n, const float* coarse, const Reach& reach, float* upper) const {
  const float norm = reach.norm, drift = reach.drift;
  const float* error = error_ + begin;
  if (!norm_) {
    for (size_t i = 0; i < n; ++i) upper[i] = coarse[i] + (error[i] * norm + kTiny);
    return;
  }
  const float* weight = norm_ + begin;
  for (size_t i = 0; i < n; ++i) upper[i] = coarse[i] + (error[i] * norm + (weight[i] * drift + kTiny));
}

}  // namespace slm
