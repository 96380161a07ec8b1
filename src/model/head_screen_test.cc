#include "model/head_screen.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include <gtest/gtest.h>

#include "kernels/test_data.h"

namespace slm {
namespace {

using kernels::test::Matrix;
using kernels::test::Random;
using kernels::test::Scratch;
using kernels::test::Tokens;

constexpr TensorType kHeadTypes[] = {TensorType::kQ8_0, TensorType::kQ6_K, TensorType::kF16, TensorType::kBF16, TensorType::kF32};

// Of whole blocks of a type, `cols` at least.
uint32_t whole_blocks(TensorType type, uint32_t cols) {
  const uint32_t block = std::max(32u, type_info(type).block_elements);
  return (cols + block - 1) / block * block;
}

HeadInputs inputs_of(Tokens& tokens) { return {tokens.x.data(), {tokens.q.data(), tokens.scale.data(), tokens.sum.data(), tokens.cols}}; }

template <class Block = BlockQ8_0>
Block* blocks_of_row(Matrix& head, uint32_t row) {
  return reinterpret_cast<Block*>(head.bytes.data() + row * head.view.row_bytes);
}

// The quant of every weight, 0 to 63.
void set_quants(BlockQ6_K& block, int q) {
  std::memset(block.ql, (q & 15) * 17, sizeof block.ql);
  std::memset(block.qh, (q >> 4) * 85, sizeof block.qh);
}

// ---- the bound ----

// Largest |exact - coarse| as a share of the bound, over all rows and tokens; fails where it is more than 1.
double most_of_bound(const kernels::KernelTable& table, const Matrix& head, TensorType type, Tokens& tokens, uint32_t n) {
  const auto copy = HeadCopy::reserve(head.view, type, table);
  EXPECT_TRUE(copy);
  copy->fill(0, head.view.rows);
  Scratch scratch;
  double most = 0;
  for (uint32_t t = 0; t < n; ++t) {
    const HeadInput in = inputs_of(tokens).of(t);
    std::vector<float> exact(head.view.rows), coarse(head.view.rows), upper(head.view.rows), reach(head.view.rows);
    const auto run = [&](const TensorView& w, std::vector<float>& out) {
      table.matmul[static_cast<uint32_t>(w.type)]({w, 0, w.rows, in.x, w.cols, in.quant, 1, out.data(), w.rows, nullptr, scratch.get()});
    };
    run(head.view, exact);
    run(copy->view(), coarse);
    copy->upper_bounds(0, head.view.rows, coarse.data(), copy->reach(in), upper.data());
    const std::vector<float> zero(head.view.rows);
    copy->upper_bounds(0, head.view.rows, zero.data(), copy->reach(in), reach.data());
    for (uint32_t r = 0; r < head.view.rows; ++r) {
      if (!std::isfinite(reach[r])) continue;  // nothing is said
      const double off = std::fabs(double{exact[r]} - double{coarse[r]});
      EXPECT_LE(off, reach[r]) << table.name << " row " << r << " token " << t;
      EXPECT_LE(exact[r], upper[r]) << table.name << " row " << r << " token " << t;
      if (reach[r] > 1e-20f) most = std::max(most, off / reach[r]);
    }
  }
  return most;
}

// The same by copies of each type.
double most_of_bound(const kernels::KernelTable& table, const Matrix& head, Tokens& tokens, uint32_t n) {
  double least = 1;
  for (const TensorType type : HeadCopy::kTypes) least = std::min(least, most_of_bound(table, head, type, tokens, n));
  return least;
}

TEST(HeadCopyBound, HoldsForRandomRows) {
  Random random(11);
  for (const kernels::KernelTable* table : kernels::usable_tables()) {
    for (const TensorType type : kHeadTypes) {
      for (const uint32_t least : {32u, 640u, 1056u}) {
        const uint32_t cols = whole_blocks(type, least);
        for (const float spread : {1.0f, 300.0f, 1e-37f, 1e30f}) {
          const Matrix head(random, type, 20, cols);
          Tokens tokens(random, 3, cols, spread);
          const double most = most_of_bound(*table, head, tokens, 3);
          EXPECT_TRUE(spread != 1.0f || most > 0.02) << cols << " " << most;  // of random directions, about 2.5 / sqrt(cols)
        }
      }
    }
  }
}

// An input along what was rounded off: the bound is reached but for the rounding of the input to 8 bits, so it is no larger than it must be.
TEST(HeadCopyBound, IsReached) {
  Random random(12);
  const kernels::KernelTable& table = *kernels::usable_tables().front();
  for (const TensorType type : kHeadTypes) {
    for (const TensorType copy_type : HeadCopy::kTypes) {
      const uint32_t cols = whole_blocks(type, 640);
      const Matrix head(random, type, 24, cols);
      const auto copy = HeadCopy::reserve(head.view, copy_type, table);
      ASSERT_TRUE(copy);
      copy->fill(0, head.view.rows);
      Tokens tokens(random, head.view.rows, cols);
      std::vector<float> rounded(cols);
      for (uint32_t r = 0; r < head.view.rows; ++r) {
        float* x = tokens.x.data() + size_t{r} * cols;
        table.dequantize[static_cast<uint32_t>(type)](head.view.row(r), cols, x);
        table.dequantize[static_cast<uint32_t>(copy_type)](copy->view().row(r), cols, rounded.data());
        for (uint32_t k = 0; k < cols; ++k) x[k] -= rounded[k];
      }
      tokens.quantize();
      EXPECT_GT(most_of_bound(table, head, copy_type, tokens, head.view.rows), kernels::test::is_float(type) ? 0.85 : 0.99);
    }
  }
}

TEST(HeadCopyBound, HoldsForOddRows) {
  Random random(13);
  for (const kernels::KernelTable* table : kernels::usable_tables()) {
    Matrix head(random, TensorType::kQ8_0, 16, 96);
    const auto set = [&](uint32_t row, uint16_t d, auto value) {
      for (uint32_t b = 0; b < 3; ++b) {
        BlockQ8_0& block = blocks_of_row(head, row)[b];
        block.d = d;
        for (int i = 0; i < 32; ++i) block.qs[i] = static_cast<int8_t>(value(i));
      }
    };
    const auto wild = [&](int) { return static_cast<int>(random() % 256) - 128; };
    const auto half = [](float v) { return kernels::float_to_half(v); };
    set(0, half(0.01f), [](int) { return 0; });
    set(1, half(-0.0f), wild);
    set(2, half(65504.0f), wild);
    set(3, 1, wild);                                                      // the smallest half
    set(4, half(0.01f), [](int i) { return i == 5 ? -128 : 0; });
    set(5, half(0.01f), [](int i) { return i % 3 - 1; });                 // extremes below 9
    set(6, half(-0.01f), [](int i) { return i == 0 ? 127 : i == 1 ? -127 : 3; });
    set(7, half(INFINITY), wild);
    set(8, half(NAN), wild);
    set(9, half(40000.0f), [](int i) { return i % 2 == 0 ? 127 : -128; });
    for (const float spread : {1.0f, 1e-38f, 1e25f}) {
      Tokens tokens(random, 2, 96, spread);
      most_of_bound(*table, head, tokens, 2);
    }
    Tokens none(random, 1, 96, 0.0f);
    most_of_bound(*table, head, none, 1);
  }
  // Floats that are none, that are too large for a half, or too small.
  Matrix floats(random, TensorType::kF32, 8, 64);
  const auto put = [&](uint32_t row, uint32_t col, float value) { std::memcpy(floats.bytes.data() + (row * 64 + col) * 4, &value, 4); };
  put(0, 3, NAN), put(1, 40, INFINITY), put(2, 7, 1e30f), put(3, 9, 3e6f), put(4, 1, -1e-30f);
  for (uint32_t c = 0; c < 64; ++c) put(5, c, 1e-30f * static_cast<float>(c)), put(6, c, -0.0f);
  Tokens tokens(random, 2, 64, 3.0f);
  most_of_bound(kernels::scalar_table(), floats, tokens, 2);
}

TEST(HeadCopyBound, HoldsForOddRowsOfQ6K) {
  Random random(16);
  for (const kernels::KernelTable* table : kernels::usable_tables()) {
    Matrix head(random, TensorType::kQ6_K, 16, 512);
    const auto set = [&](uint32_t row, float d, auto scale, int q) {
      for (uint32_t b = 0; b < 2; ++b) {
        BlockQ6_K& block = blocks_of_row<BlockQ6_K>(head, row)[b];
        block.d = kernels::float_to_half(d);
        for (int i = 0; i < 16; ++i) block.scales[i] = static_cast<int8_t>(scale(i));
        if (q >= 0) set_quants(block, q);
      }
    };
    const auto wild = [&](int) { return static_cast<int>(random() % 256) - 128; };
    const auto one = [](int) { return 1; };
    set(0, 0.01f, [](int) { return 0; }, -1);
    set(1, -0.0f, wild, -1);
    set(2, 65504.0f, wild, -1);
    set(3, 0x1p-24f, wild, -1);                                           // the smallest half
    set(4, 0x1p-24f, one, 33);
    set(5, 0.01f, [](int i) { return i % 2 == 0 ? -128 : 127; }, 0);      // half a block beside its other half
    set(6, 65504.0f, [](int) { return -128; }, 0);                        // the largest weights
    set(7, -65504.0f, [](int i) { return i % 2 == 0 ? 127 : 0; }, 63);
    set(8, 0.01f, [](int i) { return i % 2 == 0 ? 127 : 1; }, -1);        // half a block that the copy nearly loses
    set(9, 0.01f, wild, 32);                                              // every weight 0
    set(10, INFINITY, wild, -1);
    set(11, NAN, wild, -1);
    set(12, INFINITY, wild, 32);                                          // 0 times infinity
    for (const float spread : {1.0f, 1e-38f, 1e25f}) {
      Tokens tokens(random, 2, 512, spread);
      most_of_bound(*table, head, tokens, 2);
    }
    Tokens none(random, 1, 512, 0.0f);
    most_of_bound(*table, head, none, 1);
  }
}

// Rows that 5 bits hold exactly, of which the head's sums of 16 and the copy's of 32 round to different sides block after block: the first 32 columns
// give 65,595.5 (floats there are 1/128 apart), each 16 others a little less than half a step, which the head loses and the copy keeps.
TEST(HeadCopyBound, CountsTheRoundingOfTheSumsOfQ6K) {
  Random random(17);
  constexpr uint32_t kCols = 2048;
  Matrix head(random, TensorType::kQ6_K, 8, kCols);
  Tokens tokens(random, 1, kCols);
  for (uint32_t r = 0; r < 8; ++r) {
    for (uint32_t b = 0; b < kCols / 256; ++b) {
      BlockQ6_K& block = blocks_of_row<BlockQ6_K>(head, r)[b];
      block.d = kernels::float_to_half(b == 0 ? 1 + 9.0f / 1024 : 0x1p-10f);
      for (int i = 0; i < 16; ++i) block.scales[i] = b > 0 || i < 2 ? 1 : 0;
      set_quants(block, 16);
    }
  }
  for (uint32_t k = 0; k < kCols; ++k) tokens.x[k] = -127 * (k < 32 ? 1.0f : 0.49f / 128 / (16 * 16 * 127) * 0x1p10f);
  tokens.quantize();
  for (const kernels::KernelTable* table : kernels::usable_tables()) {
    const double most = most_of_bound(*table, head, TensorType::kQ5_0, tokens, 1);
    EXPECT_GT(most, 0.35) << table->name;
    EXPECT_LT(most, 0.5) << table->name;
  }
}

// Rows that 5 bits hold exactly: what is left is how the two products round.
TEST(HeadCopyBound, CountsTheRoundingOfSums) {
  Random random(15);
  Matrix head(random, TensorType::kQ8_0, 64, 640);
  for (uint32_t r = 0; r < 64; ++r) {
    for (uint32_t b = 0; b < 20; ++b) {
      BlockQ8_0& block = blocks_of_row(head, r)[b];
      block.d = kernels::float_to_half(1.0f);
      for (int8_t& q : block.qs) q = static_cast<int8_t>(6 * (static_cast<int>(random() % 32) - 16));
      block.qs[0] = -96;
    }
  }
  Tokens tokens(random, 4, 640);
  for (const kernels::KernelTable* table : kernels::usable_tables()) {
    const double most = most_of_bound(*table, head, TensorType::kQ5_0, tokens, 4);
    EXPECT_GT(most, 0);
    EXPECT_LT(most, 0.2);  // roundings rarely add up
  }
}

TEST(HeadCopyBound, NothingIsSaidOfWhatIsNoNumber) {
  Random random(14);
  Matrix head(random, TensorType::kQ8_0, 8, 32);
  blocks_of_row(head, 3)->d = kernels::float_to_half(NAN);
  const auto copy = HeadCopy::reserve(head.view, TensorType::kQ4_0, kernels::scalar_table());
  ASSERT_TRUE(copy);
  copy->fill(0, 8);
  Tokens tokens(random, 1, 32);
  const std::vector<float> coarse(8);
  std::vector<float> upper(8);
  copy->upper_bounds(0, 8, coarse.data(), copy->reach(inputs_of(tokens).of(0)), upper.data());
  for (uint32_t r = 0; r < 8; ++r) EXPECT_EQ(std::isfinite(upper[r]), r != 3) << r;
}

TEST(HeadCopyBound, CopiesOnlyWhatItMakesSmaller) {
  const auto view = [](TensorType type, uint32_t cols) { return TensorView{type, nullptr, 100, cols, row_bytes(type, cols)}; };
  for (const TensorType type : kHeadTypes) EXPECT_TRUE(HeadCopy::saves(view(type, whole_blocks(type, 64))));
  for (const TensorType type : {TensorType::kQ5_K, TensorType::kQ4_K, TensorType::kQ5_0}) EXPECT_FALSE(HeadCopy::saves(view(type, 256)));
  EXPECT_FALSE(HeadCopy::saves(view(TensorType::kF32, 40)));
  EXPECT_EQ(HeadScreen::bytes(view(TensorType::kQ8_0, 64)), 0u);  // small
}

// ---- the two stages ----

// The indices that a choice of the `top` likeliest sees, best first.
std::vector<uint32_t> best_indices(const float* logits, const Likeliest& wanted) {
  std::vector<uint32_t> all(wanted.below);
  std::iota(all.begin(), all.end(), 0u);
  std::erase_if(all, [&](uint32_t i) { return !(logits[i] > -INFINITY); });
  std::stable_sort(all.begin(), all.end(), [&](uint32_t a, uint32_t b) { return logits[a] > logits[b]; });
  all.resize(std::min<size_t>(all.size(), wanted.top));
  return all;
}

struct ScreenRig {
  ScreenRig(const Matrix& matrix, const kernels::KernelTable& kernels, float cap, int n_threads, bool always)
      : head(matrix.view), table(kernels), soft_cap(cap), pool(n_threads), scratch(static_cast<size_t>(n_threads)), screen(head, kernels, cap, n_threads, always) {}

  std::vector<float> whole(const HeadInputs& in, size_t rows) {
    std::vector<float> out(rows * head.rows);
    table.matmul[static_cast<uint32_t>(head.type)](
        {head, 0, head.rows, in.x, head.cols, in.quant, static_cast<uint32_t>(rows), out.data(), head.rows, nullptr, scratch[0].get()});
    if (soft_cap != 0.0f) table.soft_cap(out.data(), soft_cap, out.size());
    return out;
  }

  // A pass as the model runs it; true: it was screened.
  bool pass(const HeadInputs& in, std::span<const Likeliest> wanted, std::vector<float>& logits) { return pass(in, wanted, logits, pool); }
  bool pass(const HeadInputs& in, std::span<const Likeliest> wanted, std::vector<float>& logits, ThreadPool& team_of) {
    logits.assign(wanted.size() * head.rows, 7.0f);
    const bool screened = screen.takes(wanted);
    if (!screened) logits = whole(in, wanted.size());
    const HeadScreen::Pass of{in, wanted, logits.data()};
    if (screened) {
      team_of.run([&](const Team& team) {
        std::byte* mine = scratch[static_cast<size_t>(team.thread())].get();
        screen.first_stage(team, of, mine);
        team.barrier();
        screen.second_stage(team, of, mine);
      });
    }
    screen.learn(of, pool, scratch[0].get());
    return screened;
  }

  TensorView head;
  const kernels::KernelTable& table;
  float soft_cap;
  ThreadPool pool;
  std::vector<Scratch> scratch;
  HeadScreen screen;
};

// The likeliest of each row, to the bit, and nothing else that the whole pass has not.
void expect_screened(const Matrix& head, Tokens& tokens, std::span<const Likeliest> wanted, float soft_cap = 0) {
  for (const kernels::KernelTable* table : kernels::usable_tables()) {
    for (const int threads : {1, 2, 3}) {
      ScreenRig rig(head, *table, soft_cap, threads, true);
      const HeadInputs in = inputs_of(tokens);
      std::vector<float> logits;
      ASSERT_FALSE(rig.pass(in, wanted, logits));
      ASSERT_TRUE(rig.pass(in, wanted, logits));
      const std::vector<float> whole = rig.whole(in, wanted.size());
      for (size_t r = 0; r < wanted.size(); ++r) {
        SCOPED_TRACE(std::string(table->name) + ", " + std::to_string(threads) + " threads, row " + std::to_string(r));
        const float* got = logits.data() + r * head.view.rows;
        const float* want = whole.data() + r * head.view.rows;
        EXPECT_EQ(best_indices(got, wanted[r]), best_indices(want, wanted[r]));
        for (uint32_t i = 0; i < head.view.rows; ++i) {
          const bool same = std::memcmp(got + i, want + i, sizeof(float)) == 0 || (std::isnan(got[i]) && std::isnan(want[i]));
          ASSERT_TRUE(same || got[i] == -INFINITY) << "id " << i << ": " << got[i] << ", whole " << want[i];
        }
      }
    }
  }
}

TEST(HeadScreenStages, GiveTheLikeliestOfTheWholePass) {
  Random random(21);
  for (const TensorType type : kHeadTypes) {
    for (const uint32_t rows : {1u, 7u, 333u}) {
      if (type != TensorType::kQ8_0 && rows != 333) continue;
      const uint32_t cols = whole_blocks(type, 64);
      const Matrix head(random, type, rows, cols);
      Tokens tokens(random, 4, cols);
      const Likeliest wanted[] = {{1, rows}, {5, rows}, {40, rows - rows / 3}, {HeadScreen::kMostTop, rows}};
      for (const size_t n : {1u, 2u, 4u}) expect_screened(head, tokens, std::span(wanted).first(n));
      expect_screened(head, tokens, {wanted, 3}, 5.0f);
    }
  }
}

// What a thread that is left out found in an earlier pass is nothing of this one's.
TEST(HeadScreenStages, OfASmallerTeamThanBefore) {
  Random random(27);
  const Matrix head(random, TensorType::kQ8_0, 400, 64);
  Tokens large(random, 1, 64, 100.0f), small(random, 1, 64, 1.0f);
  const Likeliest wanted[] = {{3, 400}};
  ThreadPool fewer(1);
  for (const kernels::KernelTable* table : kernels::usable_tables()) {
    ScreenRig rig(head, *table, 0, 3, true);
    std::vector<float> logits;
    ASSERT_FALSE(rig.pass(inputs_of(large), wanted, logits));
    ASSERT_TRUE(rig.pass(inputs_of(large), wanted, logits));
    ASSERT_TRUE(rig.pass(inputs_of(small), wanted, logits, fewer));
    EXPECT_EQ(best_indices(logits.data(), wanted[0]), best_indices(rig.whole(inputs_of(small), 1).data(), wanted[0])) << table->name;
  }
}

TEST(HeadScreenStages, TiesGoToTheSmallestId) {
  Random random(22);
  Matrix head(random, TensorType::kQ8_0, 300, 64);
  for (uint32_t r = 1; r < 300; ++r) std::memcpy(blocks_of_row(head, r), blocks_of_row(head, 0), head.view.row_bytes);
  Tokens tokens(random, 2, 64);
  const Likeliest wanted[] = {{1, 300}, {40, 250}};
  expect_screened(head, tokens, wanted);
  Tokens zero(random, 2, 64, 0.0f);  // every logit is 0, of either sign
  expect_screened(head, zero, wanted);
}

// Logits that a cap makes equal are ties too.
TEST(HeadScreenStages, TiesOfTheSoftCap) {
  Random random(23);
  const Matrix head(random, TensorType::kQ8_0, 500, 64);
  const Likeliest wanted[] = {{1, 500}, {20, 500}};
  for (const float spread : {1e-3f, 1.0f, 30.0f, 1e4f}) {
    Tokens tokens(random, 2, 64, spread);
    expect_screened(head, tokens, wanted, 2.0f);
  }
}

TEST(HeadScreenStages, OddRows) {
  Random random(24);
  Matrix head(random, TensorType::kQ8_0, 200, 64);
  const auto scale_of = [&](uint32_t row, float d) {
    for (int b = 0; b < 2; ++b) blocks_of_row(head, row)[b].d = kernels::float_to_half(d);
  };
  scale_of(3, 0.0f), scale_of(4, -0.0f), scale_of(50, 65504.0f), scale_of(51, 65504.0f), scale_of(120, NAN), scale_of(121, INFINITY);
  const Likeliest wanted[] = {{1, 200}, {6, 200}, {40, 100}};
  for (const float spread : {1.0f, 1e-38f, 1e19f, 1e36f}) {
    Tokens tokens(random, 3, 64, spread);
    expect_screened(head, tokens, wanted);
    expect_screened(head, tokens, wanted, 30.0f);
  }
  for (uint32_t r = 0; r < 200; ++r) scale_of(r, NAN);
  Tokens tokens(random, 3, 64);
  expect_screened(head, tokens, wanted);
}

// Rows alike in all but the last bit of a quant, beside such that are no numbers.
TEST(HeadScreenStages, NearTiesOfQ6K) {
  Random random(26);
  Matrix head(random, TensorType::kQ6_K, 200, 256);
  for (uint32_t r = 1; r < 200; ++r) {
    std::memcpy(blocks_of_row<BlockQ6_K>(head, r), blocks_of_row<BlockQ6_K>(head, 0), head.view.row_bytes);
    blocks_of_row<BlockQ6_K>(head, r)->ql[r % 128] ^= r < 150 ? 1 : 0;
  }
  blocks_of_row<BlockQ6_K>(head, 7)->d = kernels::float_to_half(NAN);
  blocks_of_row<BlockQ6_K>(head, 8)->d = kernels::float_to_half(65504.0f);
  blocks_of_row<BlockQ6_K>(head, 9)->d = kernels::float_to_half(-INFINITY);
  const Likeliest wanted[] = {{1, 200}, {6, 200}, {40, 100}};
  for (const float spread : {1.0f, 1e-38f, 1e19f}) {
    Tokens tokens(random, 3, 256, spread);
    expect_screened(head, tokens, wanted);
    expect_screened(head, tokens, wanted, 30.0f);
  }
}

TEST(HeadScreenStages, TakesOnlyFewRowsOfFewLikeliest) {
  Random random(25);
  const Matrix head(random, TensorType::kQ8_0, 64, 32);
  Tokens tokens(random, 5, 32);
  ScreenRig rig(head, kernels::scalar_table(), 0, 1, true);
  std::vector<float> logits;
  const std::vector<Likeliest> five(5, {1, 64});
  const Likeliest one[] = {{1, 64}}, all[] = {{1, 64}, {0, 64}}, many[] = {{HeadScreen::kMostTop + 1, 64}};
  EXPECT_FALSE(rig.pass(inputs_of(tokens), one, logits));
  EXPECT_TRUE(rig.screen.takes(one));
  EXPECT_FALSE(rig.screen.takes(all));
  EXPECT_FALSE(rig.screen.takes(many));
  EXPECT_FALSE(rig.screen.takes(five));
  EXPECT_FALSE(rig.screen.takes({}));
  EXPECT_FALSE(rig.pass(inputs_of(tokens), all, logits));
  EXPECT_EQ(rig.screen.use().rows, 0u);
}

// ---- whether it pays ----

// Inputs along a row of the head leave nearly nothing; random ones of many columns nearly all.
struct EasyAndHard {
  static constexpr uint32_t kRows = 512, kCols = 4096;

  EasyAndHard() : head(random, TensorType::kQ8_0, kRows, kCols), easy(random, 1, kCols), hard(random, 1, kCols) {
    kernels::scalar_table().dequantize[static_cast<uint32_t>(TensorType::kQ8_0)](head.view.row(77), kCols, easy.x.data());
    easy.quantize();
  }

  Random random{31};
  Matrix head;
  Tokens easy, hard;
};

TEST(HeadScreenChoice, MakesTheCopyWhereFewAreLeft) {
  EasyAndHard data;
  ScreenRig rig(data.head, *kernels::usable_tables().front(), 0, 2, false);
  const Likeliest wanted[] = {{1, EasyAndHard::kRows}};
  std::vector<float> logits;
  int before = 0;
  while (before < 100 && !rig.pass(inputs_of(data.easy), wanted, logits)) ++before;
  EXPECT_EQ(before, 16);
  EXPECT_TRUE(rig.screen.use().standing);
  EXPECT_LT(rig.screen.use().expected_share, 0.2);
  EXPECT_EQ(rig.screen.use().rows, 1u);
  EXPECT_LT(rig.screen.use().kept, 10u);
  // And gives it back when more are left.
  int after = 0;
  while (after < 100 && rig.pass(inputs_of(data.hard), wanted, logits)) ++after;
  EXPECT_LT(after, 64);
  EXPECT_FALSE(rig.screen.use().standing);
  EXPECT_FALSE(rig.pass(inputs_of(data.easy), wanted, logits));
}

TEST(HeadScreenChoice, NeverMakesItWhereMostAreLeft) {
  EasyAndHard data;
  ScreenRig rig(data.head, *kernels::usable_tables().front(), 0, 2, false);
  const Likeliest wanted[] = {{1, EasyAndHard::kRows}};
  std::vector<float> logits;
  for (int i = 0; i < 40; ++i) EXPECT_FALSE(rig.pass(inputs_of(i < 16 ? data.hard : data.easy), wanted, logits));
  EXPECT_FALSE(rig.screen.use().standing);
  EXPECT_GT(rig.screen.use().expected_share, 0.2);
}

}  // namespace
}  // namespace slm
