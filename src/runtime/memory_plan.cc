#include "runtime/memory_plan.h"

#include <algorithm>

#include "base/text.h"

namespace slm {
namespace {

constexpr uint32_t kContextStep = 1024;

uint64_t total_at(const MemoryNeeds& needs, uint32_t context) {
  return needs.weights + needs.workspace(context) + needs.kv(context);
}

// The model's own context if it fits, else the largest multiple of kContextStep that does; 0: none.
uint32_t largest_context(const MemoryNeeds& needs) {
  if (total_at(needs, needs.trained_context) <= needs.available) return needs.trained_context;
  uint32_t fits = 0, does_not = (needs.trained_context + kContextStep - 1) / kContextStep;  // in steps
  while (does_not - fits > 1) {
    const uint32_t middle = fits + (does_not - fits) / 2;
    (total_at(needs, middle * kContextStep) <= needs.available ? fits : does_not) = middle;
  }
  return fits * kContextStep;
}

}  // namespace

MemoryPlan plan_memory(const MemoryNeeds& needs, uint32_t asked) {
  MemoryPlan plan;
  plan.available = needs.available;
  plan.largest_context_that_fits = largest_context(needs);
  plan.context = asked > 0 ? asked : plan.largest_context_that_fits;
  plan.context_was_reduced = asked == 0 && plan.context < needs.trained_context;
  plan.weights = needs.weights;
  // Where nothing fits, the figures tell what the smallest step would take.
  const uint32_t shown = plan.context > 0 ? plan.context : std::min(needs.trained_context, kContextStep);
  plan.workspace = needs.workspace(shown);
  plan.kv = needs.kv(shown);
  plan.total = plan.weights + plan.kv + plan.workspace;
  return plan;
}

Status require_fit(const MemoryPlan& plan, uint32_t asked) {
  if (plan.context > 0 && plan.total <= plan.available) return {};
  const std::string need = format_bytes(plan.total), have = format_bytes(plan.available);
  const Message message = asked > 0 ? msg("runtime.context_does_not_fit", asked, need, have)
                                    : msg("runtime.model_does_not_fit", need, have);
  const Message hint = plan.largest_context_that_fits > 0
                           ? msg("runtime.context_that_fits", plan.largest_context_that_fits)
                           : msg("runtime.nothing_fits");
  return fail_with_hint(ErrorKind::kDoesNotFit, message, hint);
}

}  // namespace slm
