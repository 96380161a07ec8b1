#include "make_model/quantize.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/table.h"

namespace slm {
namespace {

constexpr TensorType kTypes[] = {TensorType::kF32,  TensorType::kF16,  TensorType::kBF16, TensorType::kQ8_0,
                                 TensorType::kQ4_0, TensorType::kQ4_1, TensorType::kQ5_0, TensorType::kQ5_1,
                                 TensorType::kQ4_K, TensorType::kQ5_K, TensorType::kQ6_K};

std::vector<float> there_and_back(TensorType type, const std::vector<float>& x) {
  std::vector<std::byte> row(row_bytes(type, x.size()));
  quantize_row(type, x.data(), x.size(), row.data());
  std::vector<float> out(x.size());
  kernels::scalar_table().dequantize[static_cast<uint32_t>(type)](row.data(), x.size(), out.data());
  return out;
}

double relative_error(const std::vector<float>& x, const std::vector<float>& y) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    difference += (x[i] - y[i]) * static_cast<double>(x[i] - y[i]);
    size += x[i] * static_cast<double>(x[i]);
  }
  return std::sqrt(difference / size);
}

// Error that rounding to so many steps leaves on normal numbers; a wrong nibble, bit or scale leaves far more.
double expected_error(TensorType type) {
  switch (type) {
    case TensorType::kF32: return 0.0;
    case TensorType::kF16: return 3e-4;
    case TensorType::kBF16: return 2.2e-3;
    case TensorType::kQ8_0: return 0.007;
    case TensorType::kQ6_K: return 0.022;
    case TensorType::kQ5_0: case TensorType::kQ5_1: case TensorType::kQ5_K: return 0.05;
    default: return 0.1;  // four bits
  }
}

TEST(QuantizeRow, NormalNumbersComeBackNearly) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, 0.03f);
  std::vector<float> x(4096);
  for (float& value : x) value = normal(random);
  for (const TensorType type : kTypes) {
    const double error = relative_error(x, there_and_back(type, x));
    EXPECT_LE(error, expected_error(type)) << type_info(type).name;
    EXPECT_GE(error, expected_error(type) / 3) << type_info(type).name;
  }
}

TEST(QuantizeRow, ShiftedAndUnevenNumbers) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal(0.0f, 1.0f);
  std::vector<float> x(1024);
  for (size_t i = 0; i < x.size(); ++i) {  // every 32 its own size and shift
    const auto block = static_cast<float>(i / 32);
    x[i] = normal(random) * std::exp2(std::fmod(block, 6.0f) - 3.0f) + std::fmod(block, 3.0f) - 1.0f;
  }
  for (const TensorType type : kTypes) EXPECT_LE(relative_error(x, there_and_back(type, x)), 0.11) << type_info(type).name;
}

TEST(QuantizeRow, ZerosStayZeros) {
  const std::vector<float> zeros(512, 0.0f);
  for (const TensorType type : kTypes) EXPECT_EQ(there_and_back(type, zeros), zeros) << type_info(type).name;
}

// Blocks made from floats that the type can hold exactly give these floats back.
TEST(QuantizeRow, WhatATypeHoldsExactlyIsKept) {
  std::vector<float> x(32);
  for (size_t i = 0; i < 32; ++i) x[i] = 0.25f * static_cast<float>(static_cast<int>(i % 16) - 8);
  EXPECT_EQ(there_and_back(TensorType::kQ4_0, x), x);
  EXPECT_EQ(there_and_back(TensorType::kQ4_1, x), x);
  for (size_t i = 0; i < 32; ++i) x[i] = 0.5f * static_cast<float>(static_cast<int>(i) - 16);
  EXPECT_EQ(there_and_back(TensorType::kQ5_0, x), x);
  EXPECT_EQ(there_and_back(TensorType::kQ5_1, x), x);
  for (size_t i = 0; i < 32; ++i) x[i] = static_cast<float>(static_cast<int>(i) * 8 - 127);
  EXPECT_EQ(there_and_back(TensorType::kQ8_0, x), x);
}

}  // namespace
}  // namespace slm
