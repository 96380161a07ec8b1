// What a batch costs on any machine: the weights and the KV that must be read, each once a batch, and the multiply-adds. Arithmetic from the
// shapes alone; activations, norms' weights and biases are small and not counted.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/table.h"
#include "model/pass_phase.h"
#include "model/spec.h"
#include "model/weights.h"

namespace slm {

struct PassCost {
  uint64_t calls = 0;  // matrices multiplied; layers, or batches, where there is no matrix
  uint64_t bytes = 0;
  uint64_t macs = 0;   // multiply-adds
};
using PassCosts = PassTable<PassCost>;

// One sequence's part of a batch: tokens at [first_pos, first_pos + tokens), logits asked for of the last `logit_rows`.
struct ItemShape {
  uint32_t first_pos, tokens, logit_rows;
};

// Adds everything but the head's product. After the keys and values of the last layer only rows asked for go on, as in the pass.
void add_layer_costs(const ModelSpec& spec, const Weights& weights, kernels::KvType kv_type, std::span<const ItemShape> items,
                     PassCosts& costs);
// Adds the logits of so many rows, computed at once.
void add_head_cost(const Weights& weights, uint64_t rows, PassCosts& costs);

}  // namespace slm
