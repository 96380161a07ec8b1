// Blocks of every type -> floats: against PyPI gguf's numpy `quants` (tests/golden/quants) and among tables.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "kernels/test_data.h"

namespace slm::kernels::test {
namespace {

std::vector<char> read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Dequantize, EqualsTheReferenceBlocks) {
  const std::filesystem::path folder = SLM_SOURCE_DIR "/tests/golden/quants";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  for (TensorType type : kTypes) {
    if (type == TensorType::kF32) continue;
    SCOPED_TRACE(type_name(type));
    const auto blocks = read_all(folder / (std::string(type_name(type)) + ".blocks.bin"));
    const auto bytes = read_all(folder / (std::string(type_name(type)) + ".floats.bin"));
    ASSERT_FALSE(blocks.empty());
    const size_t n = blocks.size() / shape_of(type).bytes * shape_of(type).elements;
    ASSERT_EQ(bytes.size(), n * sizeof(float));
    std::vector<float> want(n), got(n);
    std::memcpy(want.data(), bytes.data(), bytes.size());
    for (const KernelTable* table : usable_tables()) {
      const auto dequantize = table->dequantize[static_cast<uint32_t>(type)];
      dequantize(reinterpret_cast<const std::byte*>(blocks.data()), n, got.data());
      for (size_t i = 0; i < n; ++i) ASSERT_TRUE(same(got[i], want[i])) << table->name << " " << i << ": " << got[i] << ", " << want[i];
    }
  }
}

TEST(Dequantize, BlocksByHand) {
  BlockQ4_0 q4{};
  q4.d = float_to_half(0.5f);
  q4.qs[0] = 0x9f;  // element 0: 15, element 16: 9
  BlockQ5_1 q5{};
  q5.d = float_to_half(2.0f);
  q5.m = float_to_half(-1.0f);
  q5.qs[1] = 0x21;
  q5.qh[0] = 0x02;  // fifth bit of element 1
  q5.qh[2] = 0x02;  // and of element 17
  float out[32];
  for (const KernelTable* table : usable_tables()) {
    table->dequantize[static_cast<uint32_t>(TensorType::kQ4_0)](reinterpret_cast<const std::byte*>(&q4), 32, out);
    EXPECT_EQ(out[0], 3.5f);
    EXPECT_EQ(out[16], 0.5f);
    EXPECT_EQ(out[1], -4.0f);
    table->dequantize[static_cast<uint32_t>(TensorType::kQ5_1)](reinterpret_cast<const std::byte*>(&q5), 32, out);
    EXPECT_EQ(out[0], -1.0f);
    EXPECT_EQ(out[1], 33.0f);
    EXPECT_EQ(out[17], 35.0f);
  }
}

}  // namespace
}  // namespace slm::kernels::test
