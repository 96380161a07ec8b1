// `slm bench --explain`: where the time of a prefill or of a step of decoding goes, for people and as JSON.
#pragma once

#include <vector>

#include "base/json.h"
#include "kernels/table.h"
#include "lab/explain.h"
#include "lab/report_json.h"

namespace slm::cli {

struct Explanation {
  lab::BenchDevice device;
  lab::MachineLimits limits;
  std::vector<lab::ExplainedRow> rows;
};

// With the limits of this machine for `threads` threads, measured.
lab::MachineLimits measure_limits(const kernels::KernelTable& table, int threads);

void print_explanation(const Explanation& explanation);
Json explanation_json(const Explanation& explanation);

}  // namespace slm::cli
