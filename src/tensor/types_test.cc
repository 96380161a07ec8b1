#include "tensor/types.h"

#include <gtest/gtest.h>

namespace slm {
namespace {

TEST(TensorTypes, NumbersAndNamesAgree) {
  int known = 0;
  for (uint32_t number = 0; number < kTensorTypeCount; ++number) {
    const auto info = type_info(number);
    if (!info) continue;
    ++known;
    EXPECT_EQ(static_cast<uint32_t>(info->type), number);
    EXPECT_EQ(type_info(info->type).name, info->name);
    EXPECT_EQ(type_from_name(info->name), info->type);
    EXPECT_TRUE(foreign_type_name(number).empty()) << info->name;
    EXPECT_GT(info->block_elements, 0u);
  }
  EXPECT_EQ(known, 14);
}

TEST(TensorTypes, UnknownNumbersGiveNothing) {
  EXPECT_FALSE(type_info(4u));
  EXPECT_FALSE(type_info(31u));
  EXPECT_FALSE(type_info(0xffffffffu));
  EXPECT_FALSE(type_from_name("Q4_2"));
  EXPECT_EQ(foreign_type_name(16), "IQ2_XXS");
  EXPECT_EQ(foreign_type_name(1000), "");
}

TEST(TensorTypes, RowBytes) {
  EXPECT_EQ(row_bytes(TensorType::kF32, 3), 12u);
  EXPECT_EQ(row_bytes(TensorType::kBF16, 896), 1792u);
  EXPECT_EQ(row_bytes(TensorType::kQ4_0, 896), 28u * 18);
  EXPECT_EQ(row_bytes(TensorType::kQ8_0, 64), 68u);
  EXPECT_EQ(row_bytes(TensorType::kQ6_K, 2048), 8u * 210);
}

}  // namespace
}  // namespace slm
