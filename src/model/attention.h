// How attention over a batch is cut into work. Queries are taken in tasks (some tokens of one sequence, some heads of one KV
// head's group) and positions in spans at fixed absolute places; partial results of the spans are joined in order, so the
// result depends neither on threads nor on how tokens came in batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/table.h"
#include "model/model.h"
#include "model/spec.h"

namespace slm {

// Positions of one span. Shorter than the kernels allow: two threads share 512 positions of one KV head evenly.
inline constexpr uint32_t kAttentionSpan = 256;
static_assert(kAttentionSpan % kernels::kPageTokens == 0 && kAttentionSpan <= kernels::kSpanTokens);

// Queries (tokens times heads) that one task may hold.
inline constexpr uint32_t kTaskHeads = 16;

// Floats of one thread's partial results, where one query over the whole context needs no more.
inline constexpr size_t kPartialFloats = size_t{1} << 20;

// Spans' partial results: (spans, queries) and (spans, queries, head_dim).
struct Partials {
  float* m;
  float* l;
  float* acc;

  Partials at(size_t query, uint32_t head_dim) const { return {m + query, l + query, acc + query * head_dim}; }
};

struct AttentionTask {
  uint32_t item;              // of the batch
  uint32_t token, n_tokens;   // first token in the batch, and how many
  uint32_t row;               // of the first token, among those planned for: where results go
  uint32_t first_pos;         // of the first token
  uint32_t kv_head;
  uint32_t head, n_heads;     // query heads [head, head + n_heads) of the model
  size_t partial;             // where its partials start in the shared buffer, in queries
};

struct SpanRange {
  uint32_t begin, end;        // span numbers
  uint32_t size() const { return end - begin; }
};

// The spans that queries at [first_pos, last_pos] see in a layer of that window (0: none).
SpanRange spans_seen(uint32_t first_pos, uint32_t last_pos, uint32_t window);

struct AttentionPlan {
  std::vector<AttentionTask> tasks;
  // Small batches: the unit of work is one span of one task, and all threads join the partials. Unit numbers of task i start
  // at first_unit[kind][i] (one entry more than tasks), kind 0 full layers, 1 windowed. Else the unit is a task.
  bool by_span = false;
  std::vector<uint32_t> first_unit[2];
};

// Plans for all tokens of the batch, or for those whose logits are asked for, which are all that the last layer needs.
enum class PlanFor : uint8_t { kAllTokens, kLogitRows };
void plan_attention(const ModelSpec& spec, std::span<const BatchItem> batch, PlanFor which, bool by_span, int threads,
                    AttentionPlan& plan);

}  // namespace slm
