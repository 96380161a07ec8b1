// Why a row of `slm bench` takes the time it takes: its parts, each with what it reads and multiplies, beside what the machine can do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/bench.h"
#include "lab/scorer.h"

namespace slm::lab {

// What all threads in use together can do at most. 10^9 bytes and multiply-adds a second.
struct MachineLimits {
  double read_gb_per_s = 0;
  double byte_gmac_per_s = 0, float_gmac_per_s = 0;
};

struct ExplainedPart {
  std::string_view name;     // "attention", "gate_up", ... (docs/json.md)
  std::string type;          // of the weights or the KV read; "" where neither is
  bool of_floats = false;    // its products are of floats, not of 8 bits
  double seconds = 0;        // the median over what was measured
  double calls = 0, bytes = 0, macs = 0;  // the mean

  // 0 where there is nothing of the kind.
  double gb_per_s() const;
  double gmac_per_s() const;
  double share_of_reads(const MachineLimits& limits) const;
  double share_of_products(const MachineLimits& limits) const;
  // What the machine's limits leave of the time: the longer of reading and multiplying.
  double least_seconds(const MachineLimits& limits) const;
};

struct ExplainedRow {
  BenchRow row;              // without rates
  uint32_t measured = 0;     // whole prefills, or steps of decoding
  double seconds = 0;        // of one of them, the median
  // In the pass's order; last what is no part of the pass ("rest": the token chosen, the batch planned). Each a median of its own: their sum
  // is about `seconds`.
  std::vector<ExplainedPart> parts;

  ExplainedPart sum() const;  // no name, no type
  double least_seconds(const MachineLimits& limits) const;
};

// One prefill or one step of decoding, as it is collected; see explain().
struct ExplainedSample {
  double seconds = 0;                // by the clock
  std::vector<ExplainedPart> parts;  // of the pass
};
// The medians and means of samples, which need not have the same parts: one that a sample lacks took it no time.
ExplainedRow explained(const BenchRow& row, const std::vector<ExplainedSample>& samples);

// Measures each row `repetitions` times, as run_bench() does. Errors: those of run_bench().
Result<std::vector<ExplainedRow>> explain(Runtime& runtime, const std::vector<BenchRow>& rows, uint32_t repetitions, const Watch& watch);

}  // namespace slm::lab
