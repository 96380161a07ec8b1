// The least memory some work can be done in, found by trying: not a formula.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/result.h"

namespace slm::lab {

// Runs the work in at most `limit_bytes` (0: no limit), and for at most `most_seconds` (0: as long as it takes). The seconds it took;
// nothing when it did not end well. Errors: it could not be tried at all, or was cancelled.
using LimitedRun = std::function<Result<std::optional<double>>(uint64_t limit_bytes, double most_seconds)>;

struct MinimumMemory {
  uint64_t bytes = 0;            // the work ended well in this much
  uint64_t failed_bytes = 0;     // and did not in this much; 0: less was not tried
  double seconds = 0, unlimited_seconds = 0;
};

inline constexpr double kMostSlowdown = 1.5;  // of a run that still counts, against one without a limit

// Bisects between twice `peak_bytes` (what the work took without a limit) and an eighth of it, to 2 %. Errors: those of `run`; kFailed
// "lab.minimum_failed" when even without a limit the work does not end well, or not in twice its own peak.
Result<MinimumMemory> find_minimum_memory(uint64_t peak_bytes, const LimitedRun& run);

}  // namespace slm::lab
