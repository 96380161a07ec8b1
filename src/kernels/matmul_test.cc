// Every table against scalar's row, bit for bit: the order of sums is part of the contract (table.h).
#include <gtest/gtest.h>

#include <cstdio>
#include <limits>

#include "kernels/test_data.h"

namespace slm::kernels::test {
namespace {

std::vector<uint32_t> column_counts(TensorType type) {
  if (is_float(type)) return {1, 7, 8, 31, 64, 300, 1025, 4864};
  if (shape_of(type).elements == 256) return {256, 512, 1280, 4864};
  return {32, 64, 96, 896, 1056, 4864};
}

void expect_same(const std::vector<float>& got, const std::vector<float>& want, const std::string& what) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_TRUE(same(got[i], want[i])) << what << ": element " << i << ": " << got[i] << ", scalar " << want[i];
  }
}

std::string describe(const KernelTable& table, TensorType type, uint32_t rows, uint32_t cols, uint32_t tokens) {
  return std::string(table.name) + " " + type_name(type) + " " + std::to_string(rows) + "x" + std::to_string(cols) + ", " +
         std::to_string(tokens) + " tokens";
}

class Matmul : public testing::TestWithParam<TensorType> {};
class MatmulIntegers : public Matmul {};

TEST_P(Matmul, TablesAgreeBitForBit) {
  Random random(1);
  for (uint32_t cols : column_counts(GetParam())) {
    for (uint32_t rows : {1u, 2u, 5u, 7u, 8u, 9u, 15u, 16u, 17u, 24u, 25u, 31u, 32u, 49u, 71u}) {
      if (cols > 2000 && rows > 17 && rows != 49) continue;
      const Matrix w(random, GetParam(), rows, cols);
      const std::vector<float> bias = floats(random, rows);
      for (uint32_t n : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 10u, 16u, 17u, 18u, 19u, 20u, 22u, 23u, 33u}) {
        if (cols > 1000 && n > 10 && n != 19) continue;
        Tokens tokens(random, n, cols);
        const float* b = n % 2 == 0 ? bias.data() : nullptr;
        const auto want = multiply(scalar_table(), w, tokens, 0, n, 0, rows, b);
        for (const KernelTable* table : usable_tables()) {
          if (table == &scalar_table()) continue;
          expect_same(multiply(*table, w, tokens, 0, n, 0, rows, b), want, describe(*table, GetParam(), rows, cols, n));
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// The products against exact ones in double, over the dequantised weights and activations.
TEST_P(Matmul, MatchesTheExactProduct) {
  Random random(2);
  const uint32_t cols = is_float(GetParam()) ? 771 : 1024, rows = 19, n = 21;
  const Matrix w(random, GetParam(), rows, cols);
  Tokens tokens(random, n, cols, 3.0f);
  std::vector<float> row(cols);
  for (const KernelTable* table : usable_tables()) {
    const auto got = multiply(*table, w, tokens, 0, n, 0, rows);
    for (uint32_t r = 0; r < rows; ++r) {
      table->dequantize[static_cast<uint32_t>(GetParam())](w.view.row(r), cols, row.data());
      for (uint32_t t = 0; t < n; ++t) {
        double exact = 0, norm = 0;
        for (uint32_t k = 0; k < cols; ++k) {
          const size_t at = size_t{t} * cols + k;
          const double x = is_float(GetParam()) ? tokens.x[at] : double{tokens.scale[at / 32]} * tokens.q[at];
          exact += row[k] * x;
          norm += std::fabs(row[k] * x);
        }
        // The terms of a minimum and of the quants may cancel: 4 covers their norm against that of the values.
        EXPECT_NEAR(got[size_t{t} * rows + r], exact, 4 * cols * 6e-8 * norm) << table->name << " row " << r;
      }
    }
  }
}

// A token gets the same bits alone and in any batch, and a row whichever share of rows it is computed in.
TEST_P(Matmul, ResultsDoNotDependOnTheCall) {
  Random random(3);
  const uint32_t cols = is_float(GetParam()) ? 1100 : 1280, rows = 43, n = 21;
  const Matrix w(random, GetParam(), rows, cols);
  const std::vector<float> bias = floats(random, rows);
  Tokens tokens(random, n, cols);
  for (const KernelTable* table : usable_tables()) {
    const auto whole = multiply(*table, w, tokens, 0, n, 0, rows, bias.data());
    for (uint32_t size : {1u, 2u, 3u, 4u, 5u, 11u}) {
      for (uint32_t t = 0; t + size <= n; t += size) {
        const auto part = multiply(*table, w, tokens, t, size, 0, rows, bias.data());
        expect_same(part, {whole.begin() + t * rows, whole.begin() + (t + size) * rows}, std::string(table->name));
      }
    }
    for (uint32_t tokens_of_call : {2u, 21u}) {
      for (uint32_t cut : {1u, 3u, 8u, 13u, 20u, 41u}) {
        const auto low = multiply(*table, w, tokens, 0, tokens_of_call, 0, cut, bias.data());
        const auto high = multiply(*table, w, tokens, 0, tokens_of_call, cut, rows, bias.data());
        for (size_t i = 0; i < low.size(); ++i) {
          const bool in_low = i % rows < cut;
          ASSERT_EQ(in_low ? low[i] : high[i], whole[i]) << table->name << " cut at " << cut << ", element " << i;
          ASSERT_EQ(in_low ? high[i] : low[i], -12345.0f) << table->name << " wrote outside its rows";
        }
      }
    }
  }
}

// What is prepared of the activations serves the next matrix that meets them.
TEST_P(MatmulIntegers, TheSameActivationsAgain) {
  Random random(10);
  const uint32_t cols = 512, rows = 21;
  const Matrix first(random, GetParam(), rows, cols), second(random, GetParam(), rows, cols);
  for (uint32_t n : {1u, 6u, 21u}) {
    Tokens before(random, n, cols), tokens(random, n, cols);
    const auto want = multiply(scalar_table(), second, tokens, 0, n, 0, rows);
    for (const KernelTable* table : usable_tables()) {
      multiply(*table, first, before, 0, n, 0, rows);
      multiply(*table, first, tokens, 0, n, 0, rows);
      expect_same(multiply(*table, second, tokens, 0, n, 0, rows, nullptr, true), want, describe(*table, GetParam(), rows, cols, n));
    }
  }
}

// The quants that make sums largest, against activations of +-127: nothing may saturate or overflow.
TEST_P(MatmulIntegers, LargestSums) {
  Random random(4);
  const uint32_t cols = 512, rows = 50;
  for (int fill : {0x00, 0xff, 0x0f, 0xf0, 0x80, 0x7f}) {
    Matrix w(random, GetParam(), rows, cols);
    const BlockShape shape = shape_of(GetParam());
    for (size_t i = 0; i < w.bytes.size(); ++i) {
      bool is_scale = false;
      for (size_t half : shape.halves) is_scale |= i % shape.bytes == half || i % shape.bytes == half + 1;
      if (!is_scale) w.bytes[i] = static_cast<std::byte>(fill);
    }
    for (float sign : {1.0f, -1.0f, 0.0f}) {
      Tokens tokens(random, 11, cols);
      for (size_t i = 0; i < tokens.x.size(); ++i) tokens.x[i] = sign != 0.0f ? sign : i % 2 == 0 ? 1.0f : -1.0f;
      tokens.quantize();
      for (uint32_t n : {1u, 6u, 11u}) {
        const auto want = multiply(scalar_table(), w, tokens, 0, n, 0, rows);
        for (const KernelTable* table : usable_tables()) {
          expect_same(multiply(*table, w, tokens, 0, n, 0, rows), want, std::string(table->name));
        }
      }
    }
  }
}

// Scales that are infinite, NaN or denormal: no crash, and the same kind of number as scalar's.
TEST_P(Matmul, StrangeScales) {
  Random random(5);
  const uint32_t cols = 256, rows = 11;
  for (uint16_t bits : {uint16_t{0x7c00}, uint16_t{0x7e01}, uint16_t{0x0001}, uint16_t{0x8000}, uint16_t{0x7bff}}) {
    Matrix w(random, GetParam(), rows, cols);
    const BlockShape shape = shape_of(GetParam());
    for (size_t at = 0; at < w.bytes.size(); at += shape.bytes * 3) {
      for (size_t half : shape.halves) std::memcpy(&w.bytes[at + half], &bits, 2);
    }
    for (uint32_t n : {1u, 7u, 21u}) {
      Tokens tokens(random, n, cols);
      const auto want = multiply(scalar_table(), w, tokens, 0, n, 0, rows);
      for (const KernelTable* table : usable_tables()) {
        expect_same(multiply(*table, w, tokens, 0, n, 0, rows), want, std::string(table->name));
      }
    }
  }
}

// NaN and infinities among float activations reach the result as they do in scalar.
TEST_P(Matmul, StrangeActivations) {
  Random random(6);
  const uint32_t cols = 256, rows = 9;
  const Matrix w(random, GetParam(), rows, cols);
  Tokens tokens(random, 21, cols);
  tokens.x[3] = std::numeric_limits<float>::quiet_NaN();
  tokens.x[cols + 17] = std::numeric_limits<float>::infinity();
  tokens.x[2 * cols + 40] = 1e-41f;
  tokens.x[3 * cols + 255] = -std::numeric_limits<float>::max();
  tokens.quantize();
  for (uint32_t n : {5u, 21u}) {
    const auto want = multiply(scalar_table(), w, tokens, 0, n, 0, rows);
    for (const KernelTable* table : usable_tables()) {
      expect_same(multiply(*table, w, tokens, 0, n, 0, rows), want, std::string(table->name));
    }
  }
}

// A row so wide that partial sums of many panels meet, and starting values fill the scratch more than once.
TEST(MatmulWide, ManyPanels) {
  Random random(7);
  const uint32_t cols = 262'144, rows = 9;
  for (TensorType type : {TensorType::kQ4_0, TensorType::kQ6_K, TensorType::kF16}) {
    const Matrix w(random, type, rows, cols);
    for (uint32_t n : {6u, type == TensorType::kF16 ? 19u : 11u}) {
      Tokens tokens(random, n, cols);
      const auto want = multiply(scalar_table(), w, tokens, 0, n, 0, rows);
      for (const KernelTable* table : usable_tables()) {
        expect_same(multiply(*table, w, tokens, 0, n, 0, rows), want, std::string(table->name) + type_name(type));
      }
    }
  }
}

// More rows than keep partial sums at once.
TEST(MatmulWide, ManyRowsOfSomePanels) {
  Random random(11);
  const uint32_t cols = 2304, rows = 1063, n = 9;
  for (TensorType type : {TensorType::kQ4_0, TensorType::kQ4_K}) {
    const Matrix w(random, type, rows, cols);
    Tokens tokens(random, n, cols);
    const std::vector<float> bias = floats(random, rows);
    const auto want = multiply(scalar_table(), w, tokens, 0, n, 0, rows, bias.data());
    for (const KernelTable* table : usable_tables()) {
      if (table == &scalar_table()) continue;
      expect_same(multiply(*table, w, tokens, 0, n, 0, rows, bias.data()), want, describe(*table, type, rows, cols, n));
    }
  }
}

// More tokens than a panel of floats keeps sums for, the last of them by themselves or enough for a panel.
TEST(MatmulWide, MoreTokensThanSumsFit) {
  Random random(9);
  const uint32_t cols = 8, rows = 9;
  const Matrix w(random, TensorType::kF16, rows, cols);
  for (uint32_t n : {1537u, 1560u}) {
    Tokens tokens(random, n, cols);
    const auto want = multiply(scalar_table(), w, tokens, 0, n, 0, rows);
    for (const KernelTable* table : usable_tables()) expect_same(multiply(*table, w, tokens, 0, n, 0, rows), want, std::string(table->name));
  }
}

TEST(MatmulWide, MoreTokensThanStartingValuesFit) {
  Random random(8);
  const uint32_t cols = 65'536, rows = 3, n = 300;
  const Matrix w(random, TensorType::kQ6_K, rows, cols);
  Tokens tokens(random, n, cols);
  for (const KernelTable* table : usable_tables()) {
    if (table == &scalar_table()) continue;  // one token after the other below is the same for it
    const auto whole = multiply(*table, w, tokens, 0, n, 0, rows);
    for (uint32_t t : {0u, 254u, 255u, 256u, 299u}) {
      const auto alone = multiply(scalar_table(), w, tokens, t, 1, 0, rows);
      for (uint32_t r = 0; r < rows; ++r) ASSERT_EQ(whole[size_t{t} * rows + r], alone[r]) << table->name << " token " << t;
    }
    multiply(*table, w, tokens, 0, n, 0, rows);
    expect_same(multiply(*table, w, tokens, 0, n, 0, rows, nullptr, true), whole, std::string(table->name));
  }
}

TEST(MatmulTypes, EveryTableComputesTheSameTypes) {
  for (const KernelTable* table : usable_tables()) {
    for (uint32_t i = 0; i < kTensorTypeCount; ++i) {
      EXPECT_EQ(table->matmul[i] != nullptr, scalar_table().matmul[i] != nullptr) << table->name << " type " << i;
      EXPECT_EQ(table->dequantize[i] != nullptr, table->matmul[i] != nullptr) << table->name << " type " << i;
    }
    for (TensorType type : kTypes) EXPECT_NE(table->matmul[static_cast<uint32_t>(type)], nullptr) << type_name(type);
  }
}

std::string name_of(const testing::TestParamInfo<TensorType>& parameter) { return type_name(parameter.param); }
INSTANTIATE_TEST_SUITE_P(Types, Matmul, testing::ValuesIn(kTypes), name_of);
INSTANTIATE_TEST_SUITE_P(Types, MatmulIntegers, testing::ValuesIn(kTypes + 3, std::end(kTypes)), name_of);

}  // namespace
}  // namespace slm::kernels::test
