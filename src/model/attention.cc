#include "model/attention.h"

#include <algorithm>

namespace slm {
namespace {

uint32_t spans_covering(uint32_t positions) { return (positions + kAttentionSpan - 1) / kAttentionSpan; }

// The tokens [begin, end) of an item that are planned for.
struct Planned {
  uint32_t begin, end;
};
Planned planned(const BatchItem& item, PlanFor which) {
  const auto n = static_cast<uint32_t>(item.ids.size());
  return {which == PlanFor::kAllTokens ? 0 : item.first_logits, n};
}

// Units that every thread should find.
constexpr uint64_t kUnitsEach = 2;

// Units of work where none is cut by heads and tasks have so many tokens at most.
uint64_t whole_units(const ModelSpec& spec, std::span<const BatchItem> batch, PlanFor which, bool by_span, uint32_t task_tokens) {
  uint64_t units = 0;
  for (const BatchItem& item : batch) {
    const Planned tokens = planned(item, which);
    if (tokens.begin == tokens.end) continue;
    units += by_span ? spans_covering(item.first_pos + tokens.end) : (tokens.end - tokens.begin + task_tokens - 1) / task_tokens;
  }
  return units * spec.n_kv_heads;
}

// Tokens that a task may have: fewer than the kernels take where that gives every thread its units. Cutting heads apart instead would have keys and
// values converted again for each piece.
uint32_t most_task_tokens(const ModelSpec& spec, std::span<const BatchItem> batch, PlanFor which, int threads) {
  constexpr uint32_t kLeast = 16;
  uint32_t most = kernels::kAttentionMaxTokens;
  while (most > kLeast && whole_units(spec, batch, which, false, most) < kUnitsEach * static_cast<uint64_t>(threads)) most /= 2;
  return most;
}

// How many pieces each group of heads is cut into: enough units for every thread, no more than heads.
uint32_t group_pieces(const ModelSpec& spec, uint64_t units, int threads) {
  const uint32_t group = spec.n_heads / spec.n_kv_heads;
  const uint32_t least = (group + kTaskHeads - 1) / kTaskHeads;
  const uint64_t wanted = kUnitsEach * static_cast<uint64_t>(threads);
  const auto more = static_cast<uint32_t>((wanted + units - 1) / std::max<uint64_t>(units, 1));
  return std::clamp(more, least, group);
}

// Tokens of one task, so that its partials over all spans fit a thread's buffer.
uint32_t tokens_that_fit(const ModelSpec& spec, uint32_t last_pos, uint32_t heads) {
  const size_t floats_per_token = size_t{spans_covering(last_pos + 1)} * heads * (spec.head_dim + 2);
  return static_cast<uint32_t>(std::max<size_t>(kPartialFloats / floats_per_token, 1));
}

}  // namespace

SpanRange spans_seen(uint32_t first_pos, uint32_t last_pos, uint32_t window) {
  const uint32_t oldest = window > 0 && first_pos >= window ? first_pos - window + 1 : 0;
  return {oldest / kAttentionSpan, last_pos / kAttentionSpan + 1};
}

void plan_attention(const ModelSpec& spec, std::span<const BatchItem> batch, PlanFor which, bool by_span, int threads,
                    AttentionPlan& plan) {
  plan.tasks.clear();
  plan.by_span = by_span;
  const uint32_t group = spec.n_heads / spec.n_kv_heads;
  const uint32_t most_tokens = most_task_tokens(spec, batch, which, threads);
  const uint32_t pieces = group_pieces(spec, whole_units(spec, batch, which, by_span, most_tokens), threads);
  uint32_t token = 0, row = 0;
  size_t partial = 0;
  for (uint32_t item = 0; item < batch.size(); ++item) {
    const auto [first_token, n] = planned(batch[item], which);
    const uint32_t most_heads = (group + pieces - 1) / pieces;
    const uint32_t step = by_span ? n : std::min(most_tokens, tokens_that_fit(spec, batch[item].first_pos + n - 1, most_heads));
    for (uint32_t begin = first_token; begin < n; begin += step) {
      const uint32_t count = std::min(step, n - begin);
      for (uint32_t kv_head = 0; kv_head < spec.n_kv_heads; ++kv_head) {
        for (uint32_t piece = 0; piece < pieces; ++piece) {
          const uint32_t first = group * piece / pieces;
          const uint32_t heads = group * (piece + 1) / pieces - first;
          plan.tasks.push_back({item, token + begin, count, row, batch[item].first_pos + begin, kv_head,
                                kv_head * group + first, heads, partial});
          if (by_span) partial += size_t{spans_covering(batch[item].first_pos + n)} * count * heads;
        }
      }
      row += count;
    }
    token += n;
  }
  // The tasks with most positions first, so that none is left for the end.
  if (!by_span) {
    std::stable_sort(plan.tasks.begin(), plan.tasks.end(), [](const AttentionTask& a, const AttentionTask& b) {
      return a.first_pos > b.first_pos;
    });
  }
  for (uint32_t kind = 0; kind < 2; ++kind) {
    std::vector<uint32_t>& first = plan.first_unit[kind];
    first.assign(1, 0);
    for (const AttentionTask& task : plan.tasks) {
      const uint32_t window = kind == 1 ? spec.window : 0;
      const uint32_t units = by_span ? spans_seen(task.first_pos, task.first_pos + task.n_tokens - 1, window).size() : 1;
      first.push_back(first.back() + units);
    }
  }
}

}  // namespace slm
