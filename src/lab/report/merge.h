// Runs of the same two models as one: items answered in any of them, every statistic computed again.
#pragma once

#include <cstdint>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace slm::lab {

struct RunToMerge {
  int64_t id = 0;                       // how the store and messages name it
  const nlohmann::ordered_json* comparison = nullptr;
};

// A comparison of docs/json.md's shape, with `merged_from` (the ids) besides. Records are joined by (row, item, model):
// - answers right or wrong, bits per byte, scores: each item once; what the runs do not agree on is not merged;
// - timed runs: all of them, where the device is the same;
// - facts and figures: where they are the same; of memory the greatest, since it is a peak.
// A row that only one run has is taken as it is. A row that cannot be merged is not measured, with the reason. Seed: the first run's.
// Errors: those of read_comparison(); kUsage where the runs are not of the same two files prompted as the same kind ("lab.report.merge_models"),
// or there are fewer than two.
Result<nlohmann::ordered_json> merge_comparisons(const std::vector<RunToMerge>& runs);

}  // namespace slm::lab
