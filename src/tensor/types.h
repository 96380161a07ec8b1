// Element types of GGUF tensors and the byte layout of their blocks. Layout only: arithmetic is in kernels/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace slm {

// Values are GGUF's own type numbers.
enum class TensorType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kIQ4_NL = 20,
  kBF16 = 30,
};
inline constexpr uint32_t kTensorTypeCount = 31;  // one more than the largest value, for tables by type

struct TensorTypeInfo {
  TensorType type;
  std::string_view name;   // "Q4_K"
  uint32_t block_elements; // 1, 32 or 256
  uint32_t block_bytes;
  bool computable;         // kernels exist: weights of this type can be run
};

// Nothing for a number we do not know.
std::optional<TensorTypeInfo> type_info(uint32_t gguf_type);
const TensorTypeInfo& type_info(TensorType type);
// "Q4_K" -> kQ4_K; nothing for a name we do not know.
std::optional<TensorType> type_from_name(std::string_view name);
// What the field calls a type that we cannot read ("IQ2_XXS"), for error texts; empty when nobody told us.
std::string_view foreign_type_name(uint32_t gguf_type);

// REQUIRES: elements % block_elements == 0.
inline size_t row_bytes(TensorType type, size_t elements) {
  const TensorTypeInfo& info = type_info(type);
  return elements / info.block_elements * info.block_bytes;
}

// Blocks as they lie in the file, little-endian, packed. Halves are IEEE binary16 bits.
// In 32-element blocks the low nibbles hold elements 0-15 and the high nibbles 16-31.
struct BlockQ4_0 {
  uint16_t d;       // value = d * (q - 8)
  uint8_t qs[16];
};
struct BlockQ4_1 {
  uint16_t d, m;    // value = d * q + m
  uint8_t qs[16];
};
struct BlockQ5_0 {
  uint16_t d;       // value = d * (q - 16); the fifth bit of element i is bit i of qh
  uint8_t qh[4];
  uint8_t qs[16];
};
struct BlockQ5_1 {
  uint16_t d, m;    // value = d * q + m
  uint8_t qh[4];
  uint8_t qs[16];
};
struct BlockQ8_0 {
  uint16_t d;       // value = d * q
  int8_t qs[32];
};
// 256 elements in 8 sub-blocks of 32; 6-bit scales and mins packed in 12 bytes.
struct BlockQ4_K {
  uint16_t d, dmin; // value = d * scale * q - dmin * min
  uint8_t scales[12];
  uint8_t qs[128];
};
struct BlockQ5_K {
  uint16_t d, dmin;
  uint8_t scales[12];
  uint8_t qh[32];
  uint8_t qs[128];
};
// 256 elements in 16 sub-blocks of 16; value = d * scale * (q - 32).
struct BlockQ6_K {
  uint8_t ql[128];
  uint8_t qh[64];
  int8_t scales[16];
  uint16_t d;
};
static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 && sizeof(BlockQ5_0) == 22);
static_assert(sizeof(BlockQ5_1) == 24 && sizeof(BlockQ8_0) == 34 && sizeof(BlockQ4_K) == 144);
static_assert(sizeof(BlockQ5_K) == 176 && sizeof(BlockQ6_K) == 210);

// A matrix of weights where it lies (a mapped file). Does not own. GGUF's ne[0] is cols, ne[1] is rows.
struct TensorView {
  TensorType type = TensorType::kF32;
  const std::byte* data = nullptr;
  uint32_t rows = 0;
  uint32_t cols = 0;
  size_t row_bytes = 0;

  const std::byte* row(size_t r) const { return data + r * row_bytes; }
  explicit operator bool() const { return data != nullptr; }
};

}  // namespace slm
