// Where the time of an engine's steps goes, and what they had to read and multiply.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "model/pass_phase.h"
#include "runtime/runtime.h"

namespace slm {

struct StepPart {
  PassPhase phase;
  std::string_view type;      // of the weights or the KV read, "Q4_0"; "" where neither is
  bool of_floats = false;     // its products are of floats, not of 8 bits
  uint64_t calls = 0;         // matrices multiplied; layers, or batches, where there is no matrix
  uint64_t bytes = 0, macs = 0;  // read of weights or KV, each once a batch; multiply-adds
  double seconds = 0;         // the threads' mean; of all parts together: the passes' own time
};

// While it lives, the passes of the runtime's engine are counted; they take as long as ever but for some hundred looks at a clock.
// One a runtime at a time; the runtime outlives it.
class StepProfile {
 public:
  explicit StepProfile(Runtime& runtime);
  ~StepProfile();
  StepProfile(const StepProfile&) = delete;
  StepProfile& operator=(const StepProfile&) = delete;

  // Of all steps since the last call, in the pass's order; without what neither took time nor cost anything.
  std::vector<StepPart> take();

 private:
  Runtime& runtime_;
  std::unique_ptr<PassProfile> profile_;
};

}  // namespace slm
