// What one rendering may cost. Every operation whose cost follows its input takes from it before it works, so that a
// hostile template ends with an error in bounded time and memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.h"
#include "chat/failure.h"

namespace slm::chat {

class Budget {
 public:
  void step(uint64_t n = 1) {
    steps_ += n;
    if (steps_ > limits::kTemplateMaxSteps) raise("chat.template_limit_steps", limits::kTemplateMaxSteps);
  }
  // Work over `n` bytes (making, copying, scanning them).
  void bytes(size_t n) {
    if (n > limits::kTemplateMaxOutputBytes) raise("chat.template_limit_bytes", limits::kTemplateMaxOutputBytes);
    bytes_ += n;
    if (bytes_ > limits::kTemplateMaxWorkBytes) raise("chat.template_limit_work", limits::kTemplateMaxWorkBytes);
  }
  // A sequence of `n` items.
  void items(size_t n) { bytes(n > limits::kTemplateMaxOutputBytes / 32 ? limits::kTemplateMaxOutputBytes + 1 : n * 32); }

 private:
  uint64_t steps_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace slm::chat
