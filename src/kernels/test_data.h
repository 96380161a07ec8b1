// Inputs for the tests of this room: random but fixed numbers, blocks of every type, buffers of the right size.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/table.h"

namespace slm::kernels::test {

inline constexpr TensorType kTypes[] = {
    TensorType::kF32,  TensorType::kF16,  TensorType::kBF16, TensorType::kQ8_0, TensorType::kQ4_0, TensorType::kQ4_1,
    TensorType::kQ5_0, TensorType::kQ5_1, TensorType::kQ4_K, TensorType::kQ5_K, TensorType::kQ6_K};

inline const char* type_name(TensorType type) {
  switch (type) {
    case TensorType::kF32: return "F32";
    case TensorType::kF16: return "F16";
    case TensorType::kBF16: return "BF16";
    case TensorType::kQ8_0: return "Q8_0";
    case TensorType::kQ4_0: return "Q4_0";
    case TensorType::kQ4_1: return "Q4_1";
    case TensorType::kQ5_0: return "Q5_0";
    case TensorType::kQ5_1: return "Q5_1";
    case TensorType::kQ4_K: return "Q4_K";
    case TensorType::kQ5_K: return "Q5_K";
    case TensorType::kQ6_K: return "Q6_K";
    default: return "?";
  }
}

// Where the halves of a block lie, in bytes from its start.
struct BlockShape {
  size_t elements, bytes;
  std::vector<size_t> halves;
};
inline BlockShape shape_of(TensorType type) {
  switch (type) {
    case TensorType::kF32: return {1, 4, {}};
    case TensorType::kF16: return {1, 2, {0}};
    case TensorType::kBF16: return {1, 2, {}};
    case TensorType::kQ8_0: return {32, 34, {0}};
    case TensorType::kQ4_0: return {32, 18, {0}};
    case TensorType::kQ4_1: return {32, 20, {0, 2}};
    case TensorType::kQ5_0: return {32, 22, {0}};
    case TensorType::kQ5_1: return {32, 24, {0, 2}};
    case TensorType::kQ4_K: return {256, 144, {0, 2}};
    case TensorType::kQ5_K: return {256, 176, {0, 2}};
    default: return {256, 210, {208}};
  }
}
inline bool is_float(TensorType type) { return shape_of(type).elements == 1; }

using Random = std::mt19937;

inline std::vector<float> floats(Random& random, size_t n, float spread = 1.0f) {
  std::normal_distribution<float> normal(0.0f, spread);
  std::vector<float> out(n);
  for (float& x : out) x = normal(random);
  return out;
}

// Random weights of a type: every bit pattern of the quants, scales and floats of a model's size.
struct Matrix {
  TensorView view;
  std::vector<std::byte> bytes;

  Matrix(Random& random, TensorType type, uint32_t rows, uint32_t cols) {
    const BlockShape shape = shape_of(type);
    const size_t row_bytes = cols / shape.elements * shape.bytes;
    bytes.resize(rows * row_bytes);
    for (auto& b : bytes) b = static_cast<std::byte>(random() & 255);
    std::normal_distribution<float> normal(0.0f, 0.05f);
    for (size_t at = 0; at < bytes.size(); at += shape.bytes) {
      for (size_t half : shape.halves) {
        const uint16_t bits = float_to_half(normal(random));
        std::memcpy(&bytes[at + half], &bits, 2);
      }
      const float value = normal(random);
      const uint16_t bfloat = float_to_bfloat16(value);
      if (type == TensorType::kF32) std::memcpy(&bytes[at], &value, 4);
      if (type == TensorType::kBF16) std::memcpy(&bytes[at], &bfloat, 2);
    }
    view = {type, bytes.data(), rows, cols, row_bytes};
  }
};

// Activations as floats and, where cols allows, in 8 bits by the scalar table.
struct Tokens {
  std::vector<float> x, scale, sum;
  std::vector<int8_t> q;
  uint32_t cols;

  Tokens(Random& random, uint32_t n_tokens, uint32_t n_cols, float spread = 1.0f)
      : x(floats(random, size_t{n_tokens} * n_cols, spread)), cols(n_cols) {
    quantize();
  }
  void quantize() {
    if (cols % kQ8Block != 0) return;
    q.resize(x.size());
    scale.resize(x.size() / kQ8Block);
    sum.resize(x.size() / kQ8Block);
    scalar_table().quantize_q8(x.data(), x.size(), q.data(), scale.data(), sum.data());
  }
};

struct Scratch {
  std::vector<std::byte> bytes = std::vector<std::byte>(kMatmulScratchBytes + 64);
  std::byte* get() {
    const auto address = reinterpret_cast<uintptr_t>(bytes.data());
    return bytes.data() + (64 - address % 64) % 64;
  }
};

// Rows [begin, end) of w against tokens [token, token + n): (n, rows).
inline std::vector<float> multiply(const KernelTable& table, const Matrix& w, Tokens& tokens, uint32_t token, uint32_t n,
                                   uint32_t begin, uint32_t end, const float* bias = nullptr, bool same_x = false) {
  static Scratch scratch;
  constexpr float kUntouched = -12345.0f;
  std::vector<float> out(size_t{n} * w.view.rows, kUntouched);
  MatmulArgs args{};
  args.w = w.view;
  args.row_begin = begin;
  args.row_end = end;
  args.x = tokens.x.data() + size_t{token} * tokens.cols;
  args.x_stride = tokens.cols;
  const size_t block = size_t{token} * tokens.cols / kQ8Block;
  if (!tokens.q.empty()) {
    args.xq = {tokens.q.data() + size_t{token} * tokens.cols, tokens.scale.data() + block, tokens.sum.data() + block,
               tokens.cols};
  }
  args.n_tokens = n;
  args.same_x = same_x;
  args.out = out.data();
  args.out_stride = w.view.rows;
  args.bias = bias;
  args.scratch = scratch.get();
  table.matmul[static_cast<uint32_t>(w.view.type)](args);
  return out;
}

// Same bits; any NaN equals any NaN, and 0 equals -0.
inline bool same(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace slm::kernels::test
