#include "model/pass_cost.h"

#include <algorithm>

namespace slm {
namespace {

void add_cost(PassCosts& costs, PassPhase phase, TensorType type, const PassCost& cost) {
  PassCost& sum = costs.at(phase, type);
  sum.calls += cost.calls;
  sum.bytes += cost.bytes;
  sum.macs += cost.macs;
}

void add_product(PassCosts& costs, PassPhase phase, const TensorView& w, uint64_t tokens) {
  add_cost(costs, phase, w.type, {1, uint64_t{w.rows} * w.row_bytes, uint64_t{w.rows} * w.cols * tokens});
}

// Keys and values that the queries at [first, last] of one layer and sequence see.
struct Seen {
  uint64_t positions = 0;  // by any of them
  uint64_t pairs = 0;      // summed over the queries
};
Seen seen_by(uint32_t first, uint32_t last, uint32_t window) {
  Seen seen;
  const uint64_t oldest = window > 0 && first >= window ? first - window + 1 : 0;
  seen.positions = last + 1 - oldest;
  for (uint64_t position = first; position <= last; ++position) seen.pairs += window > 0 ? std::min<uint64_t>(position + 1, window) : position + 1;
  return seen;
}

// Scores and the sum of values, both of head_dim products for each head and pair.
PassCost attention_cost(const ModelSpec& spec, kernels::KvType kv_type, uint32_t layer, std::span<const ItemShape> items, bool logit_rows_only) {
  PassCost cost{1, 0, 0};
  for (const ItemShape& item : items) {
    const uint32_t queries = logit_rows_only ? item.logit_rows : item.tokens;
    if (queries == 0) continue;
    const uint32_t end = item.first_pos + item.tokens;
    const Seen seen = seen_by(end - queries, end - 1, spec.windowed[layer] ? spec.window : 0);
    cost.bytes += 2 * seen.positions * spec.n_kv_heads * kernels::kv_row_bytes(kv_type, spec.head_dim);
    cost.macs += 2 * seen.pairs * spec.n_heads * spec.head_dim;
  }
  return cost;
}

}  // namespace

void add_layer_costs(const ModelSpec& spec, const Weights& weights, kernels::KvType kv_type, std::span<const ItemShape> items, PassCosts& costs) {
  uint64_t tokens = 0, logit_rows = 0;
  for (const ItemShape& item : items) {
    tokens += item.tokens;
    logit_rows += item.logit_rows;
  }
  const PassCost call{1, 0, 0};
  add_cost(costs, PassPhase::kEmbedding, weights.embedding.type, {1, tokens * weights.embedding.row_bytes, 0});
  for (uint32_t i = 0; i < spec.n_layers; ++i) {
    const LayerWeights& layer = weights.layers[i];
    for (const TensorView* w : {&layer.q, &layer.k, &layer.v}) add_product(costs, PassPhase::kQueriesKeysValues, *w, tokens);
    add_cost(costs, PassPhase::kNorms, TensorType::kF32, call);
    add_cost(costs, PassPhase::kHeads, TensorType::kF32, call);
    const bool last = i + 1 == spec.n_layers;
    const uint64_t rows = last ? logit_rows : tokens;
    if (rows == 0) return;
    add_cost(costs, PassPhase::kAttention, tensor_type(kv_type), attention_cost(spec, kv_type, i, items, last));
    add_product(costs, PassPhase::kAttentionOutput, layer.o, rows);
    add_cost(costs, PassPhase::kNorms, TensorType::kF32, {2, 0, 0});  // in front of `o`, and of gate and up
    for (const TensorView* w : {&layer.gate, &layer.up}) add_product(costs, PassPhase::kGateUp, *w, rows);
    add_cost(costs, PassPhase::kActivation, TensorType::kF32, call);
    add_product(costs, PassPhase::kDown, layer.down, rows);
  }
  add_cost(costs, PassPhase::kNorms, TensorType::kF32, call);  // the final one
}

void add_head_cost(const Weights& weights, uint64_t rows, PassCosts& costs) { add_product(costs, PassPhase::kHead, weights.head, rows); }

}  // namespace slm
