// One measurement of a row of `slm bench`: contexts filled, then the row's work.
#pragma once

#include <functional>

#include "base/result.h"
#include "lab/bench.h"

namespace slm {
class Runtime;
}

namespace slm::lab {

// Who looks at the steps that are measured; either may be empty.
struct StepWatch {
  std::function<void()> started;                // contexts stand; the first step comes next
  std::function<void(double seconds)> stepped;  // after each step, with the time it took
};

// Does the row's work once and returns the seconds it took. The model must have been opened as context_needed() and sequences_needed() say.
// Errors: those of the engine; kFailed where less context was kept than the row wants.
Result<double> run_round(Runtime& runtime, const BenchRow& row, const StepWatch& watch = {});

}  // namespace slm::lab
