#include "tensor/types.h"

#include <array>

#include "base/result.h"

namespace slm {
namespace {

constexpr TensorTypeInfo kTypes[] = {
    {TensorType::kF32, "F32", 1, 4, true},
    {TensorType::kF16, "F16", 1, 2, true},
    {TensorType::kQ4_0, "Q4_0", 32, sizeof(BlockQ4_0), true},
    {TensorType::kQ4_1, "Q4_1", 32, sizeof(BlockQ4_1), true},
    {TensorType::kQ5_0, "Q5_0", 32, sizeof(BlockQ5_0), true},
    {TensorType::kQ5_1, "Q5_1", 32, sizeof(BlockQ5_1), true},
    {TensorType::kQ8_0, "Q8_0", 32, sizeof(BlockQ8_0), true},
    {TensorType::kQ2_K, "Q2_K", 256, 84, false},
    {TensorType::kQ3_K, "Q3_K", 256, 110, false},
    {TensorType::kQ4_K, "Q4_K", 256, sizeof(BlockQ4_K), true},
    {TensorType::kQ5_K, "Q5_K", 256, sizeof(BlockQ5_K), true},
    {TensorType::kQ6_K, "Q6_K", 256, sizeof(BlockQ6_K), true},
    {TensorType::kIQ4_NL, "IQ4_NL", 32, 18, false},
    {TensorType::kBF16, "BF16", 1, 2, true},
};

// By GGUF's number; numbers between ours point at nothing.
constexpr std::array<const TensorTypeInfo*, kTensorTypeCount> by_number() {
  std::array<const TensorTypeInfo*, kTensorTypeCount> table{};
  for (const TensorTypeInfo& info : kTypes) table[static_cast<uint32_t>(info.type)] = &info;
  return table;
}
constexpr auto kByNumber = by_number();

// Types of other programs: their layout is not known here, only what to call them.
struct ForeignType {
  uint32_t number;
  std::string_view name;
};
constexpr ForeignType kForeignTypes[] = {
    {9, "Q8_1"},     {15, "Q8_K"},    {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"}, {21, "IQ3_S"},
    {22, "IQ2_S"},   {23, "IQ4_XS"},  {24, "I8"},      {25, "I16"},    {26, "I32"},     {27, "I64"},   {28, "F64"},
    {29, "IQ1_M"},   {34, "TQ1_0"},   {35, "TQ2_0"},   {39, "MXFP4"},
};

}  // namespace

std::optional<TensorTypeInfo> type_info(uint32_t gguf_type) {
  if (gguf_type >= kTensorTypeCount || kByNumber[gguf_type] == nullptr) return std::nullopt;
  return *kByNumber[gguf_type];
}

const TensorTypeInfo& type_info(TensorType type) {
  const uint32_t number = static_cast<uint32_t>(type);
  SLM_CHECK(number < kTensorTypeCount && kByNumber[number] != nullptr);
  return *kByNumber[number];
}

std::optional<TensorType> type_from_name(std::string_view name) {
  for (const TensorTypeInfo& info : kTypes) {
    if (info.name == name) return info.type;
  }
  return std::nullopt;
}

std::string_view foreign_type_name(uint32_t gguf_type) {
  for (const ForeignType& foreign : kForeignTypes) {
    if (foreign.number == gguf_type) return foreign.name;
  }
  return {};
}

}  // namespace slm
