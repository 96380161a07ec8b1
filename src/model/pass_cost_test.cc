#include "model/pass_cost.h"

#include <gtest/gtest.h>

#include "model/pass_clock.h"

namespace slm {
namespace {

TensorView shape(TensorType type, uint32_t rows, uint32_t cols) { return {type, nullptr, rows, cols, row_bytes(type, cols)}; }

// Two layers of width 64, 4 heads over 2 KV heads of 32, ffn 96, 10 tokens; the second sees 4 positions. Its `v` and `down` are of another type.
struct TwoLayers {
  ModelSpec spec;
  Weights weights;

  TwoLayers() {
    spec.n_layers = 2;
    spec.width = 64;
    spec.n_heads = 4;
    spec.n_kv_heads = 2;
    spec.head_dim = 32;
    spec.ffn = 96;
    spec.vocabulary = 10;
    spec.window = 4;
    spec.windowed = {false, true};
    weights.embedding = weights.head = shape(TensorType::kQ8_0, 10, 64);
    for (const TensorType other : {TensorType::kQ4_0, TensorType::kF16}) {
      LayerWeights layer;
      layer.q = shape(TensorType::kQ4_0, 128, 64);
      layer.k = shape(TensorType::kQ4_0, 64, 64);
      layer.v = shape(other, 64, 64);
      layer.o = shape(TensorType::kQ4_0, 64, 128);
      layer.gate = layer.up = shape(TensorType::kQ4_0, 96, 64);
      layer.down = shape(other, 64, 96);
      weights.layers.push_back(layer);
    }
  }

  PassCosts of(std::initializer_list<ItemShape> items, kernels::KvType kv = kernels::KvType::kF16) const {
    PassCosts costs;
    add_layer_costs(spec, weights, kv, {items.begin(), items.size()}, costs);
    return costs;
  }
};

void expect_cost(const PassCosts& costs, PassPhase phase, TensorType type, const PassCost& wanted) {
  const PassCost& cost = costs.at(phase, type);
  EXPECT_EQ(cost.calls, wanted.calls) << static_cast<int>(phase);
  EXPECT_EQ(cost.bytes, wanted.bytes) << static_cast<int>(phase);
  EXPECT_EQ(cost.macs, wanted.macs) << static_cast<int>(phase);
}

// A row of 64 is 36 bytes in Q4_0, 68 in Q8_0, 128 in F16; a position of a KV head 64 bytes of keys and as many of values.
TEST(PassCost, OneTokenBehindTen) {
  const TwoLayers model;
  const PassCosts costs = model.of({{10, 1, 1}});
  expect_cost(costs, PassPhase::kEmbedding, TensorType::kQ8_0, {1, 68, 0});
  expect_cost(costs, PassPhase::kQueriesKeysValues, TensorType::kQ4_0, {5, (2 * 128 + 3 * 64) * 36, (2 * 128 + 3 * 64) * 64});
  expect_cost(costs, PassPhase::kQueriesKeysValues, TensorType::kF16, {1, 64 * 128, 64 * 64});
  expect_cost(costs, PassPhase::kHeads, TensorType::kF32, {2, 0, 0});
  // 11 positions and 4: keys and values, 2 KV heads; 4 heads of 32.
  expect_cost(costs, PassPhase::kAttention, TensorType::kF16, {2, (11 + 4) * 2 * 2 * 64, (11 + 4) * 2 * 4 * 32});
  expect_cost(costs, PassPhase::kAttentionOutput, TensorType::kQ4_0, {2, 2 * 64 * 72, 2 * 64 * 128});
  expect_cost(costs, PassPhase::kGateUp, TensorType::kQ4_0, {4, 4 * 96 * 36, 4 * 96 * 64});
  expect_cost(costs, PassPhase::kActivation, TensorType::kF32, {2, 0, 0});
  expect_cost(costs, PassPhase::kDown, TensorType::kQ4_0, {1, 64 * 54, 64 * 96});
  expect_cost(costs, PassPhase::kDown, TensorType::kF16, {1, 64 * 192, 64 * 96});
  expect_cost(costs, PassPhase::kNorms, TensorType::kF32, {7, 0, 0});
  expect_cost(costs, PassPhase::kHead, TensorType::kQ8_0, {});
  expect_cost(costs, PassPhase::kWaiting, TensorType::kF32, {});
}

TEST(PassCost, HeadIsReadOnceForItsRows) {
  const TwoLayers model;
  PassCosts costs;
  add_head_cost(model.weights, 3, costs);
  expect_cost(costs, PassPhase::kHead, TensorType::kQ8_0, {1, 10 * 68, 10 * 64 * 3});
  add_head_cost(model.weights, 1, costs);
  expect_cost(costs, PassPhase::kHead, TensorType::kQ8_0, {2, 2 * 10 * 68, 10 * 64 * 4});
}

// A prompt of 6 whose last token alone goes on in the last layer, and in the same batch another sequence's token behind 2.
TEST(PassCost, LastLayerIsOfTheRowsAskedFor) {
  const TwoLayers model;
  const PassCosts costs = model.of({{0, 6, 1}, {2, 1, 1}});
  // First layer: 1 + ... + 6 pairs of the prompt, 3 of the other. Last: both see their window, 4 and 3.
  const uint64_t positions = 6 + 3 + 4 + 3, pairs = 21 + 3 + 4 + 3;
  expect_cost(costs, PassPhase::kAttention, TensorType::kF16, {2, positions * 2 * 2 * 64, pairs * 2 * 4 * 32});
  expect_cost(costs, PassPhase::kGateUp, TensorType::kQ4_0, {4, 4 * 96 * 36, 2 * 96 * 64 * (7 + 2)});
  expect_cost(costs, PassPhase::kQueriesKeysValues, TensorType::kF16, {1, 64 * 128, 64 * 64 * 7});
}

TEST(PassCost, NothingGoesOnWhereNoRowIsAskedFor) {
  const TwoLayers model;
  const PassCosts costs = model.of({{4, 3, 0}}, kernels::KvType::kQ8_0);
  expect_cost(costs, PassPhase::kAttention, TensorType::kQ8_0, {1, 7 * 2 * 2 * 34, (5 + 6 + 7) * 2 * 4 * 32});
  expect_cost(costs, PassPhase::kDown, TensorType::kQ4_0, {1, 64 * 54, 64 * 96 * 3});
  expect_cost(costs, PassPhase::kDown, TensorType::kF16, {});
}

// Queries at 2 to 7 of a window of 4 see 3, 4, 4, 4, 4, 4 positions, together those from 0.
TEST(PassCost, WindowedLayerOfSeveralTokens) {
  TwoLayers model;
  model.spec.windowed = {true, true};
  const PassCosts costs = model.of({{2, 6, 0}});
  expect_cost(costs, PassPhase::kAttention, TensorType::kF16, {1, 8 * 2 * 2 * 64, 23 * 2 * 4 * 32});
}

// Whatever the laps are, they and the waiting are all the time there was.
TEST(PassClock, EveryThreadsTimeIsSomePhases) {
  PassClock clock(2);
  const auto start = PassClock::Clock::now();
  clock.begin();
  clock.thread(0).lap(PassPhase::kHead, TensorType::kQ4_0);
  clock.thread(1).lap(PassPhase::kHead, TensorType::kQ4_0);
  clock.thread(0).lap(PassPhase::kDown, TensorType::kF16);
  clock.end();
  const std::chrono::duration<double> outside = PassClock::Clock::now() - start;
  const double sum = clock.seconds(PassPhase::kHead, TensorType::kQ4_0) + clock.seconds(PassPhase::kDown, TensorType::kF16) +
                     clock.seconds(PassPhase::kWaiting, TensorType::kF32);
  EXPECT_GT(sum, 0);
  EXPECT_LE(sum, outside.count());
  EXPECT_EQ(clock.seconds(PassPhase::kHead, TensorType::kF16), 0);
  clock.reset();
  EXPECT_EQ(clock.seconds(PassPhase::kHead, TensorType::kQ4_0), 0);
}

}  // namespace
}  // namespace slm
