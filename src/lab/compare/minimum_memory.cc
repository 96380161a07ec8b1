#include "lab/compare/minimum_memory.h"

#include <algorithm>

namespace slm::lab {
namespace {

constexpr double kGraceSeconds = 0.3;  // starting a process takes its time, and work may be shorter than that
constexpr double kPrecision = 0.02;

}  // namespace

Result<MinimumMemory> find_minimum_memory(uint64_t peak_bytes, const LimitedRun& run) {
  MinimumMemory found;
  // The slower of two: on a machine that does other things too, one run may be lucky.
  for (int i = 0; i < 2; ++i) {
    SLM_TRY(unlimited, run(0, 0));
    if (!unlimited) return fail(ErrorKind::kFailed, "lab.minimum_failed", peak_bytes);
    found.unlimited_seconds = std::max(found.unlimited_seconds, *unlimited);
  }
  const double most_seconds = kMostSlowdown * found.unlimited_seconds + kGraceSeconds;
  // And one unlucky: what did not end well is tried once more.
  const auto twice = [&](uint64_t limit) -> Result<std::optional<double>> {
    SLM_TRY(seconds, run(limit, most_seconds));
    return seconds ? Result<std::optional<double>>(seconds) : run(limit, most_seconds);
  };

  // The peak itself first: a group counts what a process's peak does not (its page tables), and a program may refuse to start with less
  // than it has planned for, so more may be needed.
  const uint64_t quarter = peak_bytes / 4;
  for (const uint64_t limit : {peak_bytes, peak_bytes + quarter, peak_bytes + 2 * quarter, 2 * peak_bytes}) {
    SLM_TRY(seconds, twice(limit));
    if (!seconds) {
      found.failed_bytes = limit;
      continue;
    }
    found.bytes = limit;
    found.seconds = *seconds;
    break;
  }
  if (found.bytes == 0) return fail(ErrorKind::kFailed, "lab.minimum_failed", 2 * peak_bytes);

  uint64_t low = std::max(peak_bytes / 8, found.failed_bytes);
  while (static_cast<double>(found.bytes - low) > kPrecision * static_cast<double>(found.bytes)) {
    const uint64_t limit = low + (found.bytes - low) / 2;
    SLM_TRY(seconds, twice(limit));
    if (seconds) {
      found.bytes = limit;
      found.seconds = *seconds;
    } else {
      low = found.failed_bytes = limit;
    }
  }
  return found;
}

}  // namespace slm::lab
