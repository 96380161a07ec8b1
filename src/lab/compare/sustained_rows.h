// What a long run without pause says: rows of a comparison. Pure functions of the series that sustained.cc measures.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lab/comparison.h"

namespace slm::lab {

// One answer of a run.
struct SustainedAnswer {
  double at = 0;                  // seconds into the run, of its start
  double rate = 0;                // tokens a second, after the first token
};

// A minute of a run, or less of a short one.
struct SustainedBucket {
  uint32_t number = 0;            // from 0; one in which no answer began is left out
  double rate = 0;                // tokens over seconds of the answers that began in it
  std::optional<double> mhz, celsius;      // at its end
  std::optional<double> resident_bytes;    // of the processes that compute
  std::optional<double> gpu_bytes;         // that a server's hold
};

struct SustainedRun {
  std::vector<SustainedAnswer> answers;
  std::vector<SustainedBucket> buckets;
  double start_celsius = 0;       // where it is readable
  // Why there is none of these.
  Message no_rate, no_clock, no_temperature, no_memory, no_gpu_memory;
};

struct SustainedPlan {
  double seconds = 0;             // each model
  double bucket = 0;              // seconds
  double rest = 0;                // seconds before each
};
// A minute a bucket from 5 minutes on, else a tenth of the run. Rest: a fifth of the run, at most 2 minutes. REQUIRES: seconds > 0.
SustainedPlan plan_sustained(double seconds);

// The part of its speed that a run loses: 1 - (median of the last third) / (median of the first), by the start of its answers, in
// whose order they are given. The interval is a bootstrap's of blocks: neighbours are alike. Nothing where a third of the run has no answer.
struct HeatLoss {
  double share = 0;
  Interval interval;
};
std::optional<HeatLoss> heat_loss(const std::vector<SustainedAnswer>& answers, double run_seconds, uint64_t seed);

// "sustained_decode": its records are the series; "sustained_loss": its records are the answers; "sustained_clock",
// "sustained_temperature", "memory_slope", and "gpu_memory_slope" where a server holds any. One side alone where the other was not reached.
std::vector<ComparisonRow> sustained_rows(const SustainedRun& a, const SustainedRun& b, const SustainedPlan& plan, uint64_t seed);

}  // namespace slm::lab
