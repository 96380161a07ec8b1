// Memory a model needs at a context, and the context that fits the memory there is.
#pragma once

#include <functional>

#include "runtime/runtime.h"

namespace slm {

// What a plan is made from. Bytes.
struct MemoryNeeds {
  uint64_t weights = 0;
  std::function<uint64_t(uint32_t context)> workspace;  // the forward pass, the tokenizer, logits; not falling in context
  std::function<uint64_t(uint32_t context)> kv;         // all sequences; not falling in context
  uint32_t trained_context = 0;
  uint64_t available = 0;
};

// `asked` 0: the model's own context if it fits, else the largest multiple of 1,024 that does (context 0 when none).
// REQUIRES: asked <= trained_context.
MemoryPlan plan_memory(const MemoryNeeds& needs, uint32_t asked);

// Error kDoesNotFit with what is needed, what is there and the context that would fit, unless the plan fits.
Status require_fit(const MemoryPlan& plan, uint32_t asked);

}  // namespace slm
