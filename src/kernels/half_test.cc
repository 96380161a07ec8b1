#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "kernels/table.h"

namespace slm::kernels {
namespace {

// binary16 by its definition.
double half_value(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

TEST(Half, EveryPatternGoesThereAndBack) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = half_to_float(half);
    if ((half & 0x7c00) == 0x7c00) {
      EXPECT_EQ(std::isnan(value), (half & 0x3ff) != 0);
      EXPECT_EQ(std::isinf(value), (half & 0x3ff) == 0);
    } else {
      ASSERT_EQ(value, half_value(half)) << bits;
    }
    const uint16_t quiet = std::isnan(value) ? static_cast<uint16_t>(half | 0x200) : half;
    ASSERT_EQ(float_to_half(value), quiet) << bits;
  }
}

// The nearest half, the even one on a tie: by looking at both neighbours.
TEST(Half, RoundsToNearestEven) {
  std::mt19937 random(1);
  for (int i = 0; i < 300'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isnan(value)) continue;
    const uint16_t got = float_to_half(value);
    if (std::fabs(value) >= 65520.0f) {
      ASSERT_EQ(got & 0x7fff, 0x7c00) << value;
      continue;
    }
    const double error = std::fabs(half_value(got) - double{value});
    for (int step : {-1, 1}) {
      const auto other = static_cast<uint16_t>(got + step);
      if ((other & 0x7c00) == 0x7c00 || (other & 0x8000) != (got & 0x8000)) continue;
      const double other_error = std::fabs(half_value(other) - double{value});
      ASSERT_TRUE(error < other_error || (error == other_error && got % 2 == 0)) << value;
    }
  }
}

TEST(Half, Edges) {
  EXPECT_EQ(float_to_half(65504.0f), 0x7bff);
  EXPECT_EQ(float_to_half(65519.99f), 0x7bff);
  EXPECT_EQ(float_to_half(65520.0f), 0x7c00);
  EXPECT_EQ(float_to_half(-1e30f), 0xfc00);
  EXPECT_EQ(float_to_half(0x1p-24f), 1);
  EXPECT_EQ(float_to_half(0x1p-25f), 0);
  EXPECT_EQ(float_to_half(0x1.8p-24f), 2);
  EXPECT_EQ(float_to_half(-0.0f), 0x8000);
}

TEST(Bfloat16, RoundsToNearestEvenAndKeepsNan) {
  EXPECT_EQ(float_to_bfloat16(1.0f), 0x3f80);
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3f808000u)), 0x3f80);  // tie, to even
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3f818000u)), 0x3f82);  // tie, to even
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3f808001u)), 0x3f81);
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x7f7fffffu)), 0x7f80);  // beyond the largest
  EXPECT_TRUE(std::isnan(bfloat16_to_float(float_to_bfloat16(std::bit_cast<float>(0x7f800001u)))));
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = bfloat16_to_float(static_cast<uint16_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(float_to_bfloat16(value), bits);
  }
}

}  // namespace
}  // namespace slm::kernels
