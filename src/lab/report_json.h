// What lab measures, as the JSON of docs/json.md.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lab/bench.h"
#include "lab/comparison.h"
#include "lab/perplexity.h"

namespace slm::lab {

struct BenchDevice {
  std::string cpu, isa;
  int threads = 0;
  double read_gb_per_s = 0;
  double share_on_fewer_threads = 0;  // Runtime::share_on_fewer_threads()
};
nlohmann::ordered_json bench_json(const BenchDevice& device, const std::vector<BenchRow>& rows);
nlohmann::ordered_json perplexity_json(const Perplexity& perplexity);
nlohmann::ordered_json comparison_json(const Comparison& comparison);

}  // namespace slm::lab
