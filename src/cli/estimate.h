// What a model would take and give on this machine or a named one. Always an estimate: from shapes and bandwidths, not from a run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "hub/catalogue.h"
#include "hub/store.h"

namespace slm::cli {

// Where it would run.
struct Place {
  std::string name;              // "" for this machine
  uint64_t memory = 0;           // bytes a model may take
  double bandwidth = 0;          // bytes per second
  bool measured = false;         // the bandwidth, here and now; else its maker's peak
};
// "" is this machine (its bandwidth is measured: half a second; or SLM_READ_BANDWIDTH, in GB/s); else an id or short name of data/devices/devices.yaml.
// Error: kNotFound with the nearest spelling.
Result<Place> place_of(const std::string& device);

struct Estimate {
  Place place;
  uint32_t context = 0;
  uint64_t weights = 0, kv = 0, workspace = 0;
  double slowest = 0, fastest = 0;   // tokens per second, of one answer
  std::string smaller = {};          // where it does not fit: the largest quantisation on offer that would; "" none
  uint64_t total() const { return weights + kv + workspace; }
  bool fits() const { return total() <= place.memory; }
};

inline constexpr uint32_t kEstimateContext = 4096;  // where none is asked for; the model's own where that is shorter

// The quantisations that a model can be had in; empty: all that are known.
using Offered = std::vector<std::string>;

// From a GGUF's header; `context` 0: kEstimateContext. Errors: those of Runtime::plan.
Result<Estimate> estimate_of_file(const std::string& path, uint32_t context, const Place& place, const Offered& offered = {});

// By the header of the model in the store, else by its dimensions in data/models; nothing where neither is there. `context` beyond what the
// model was trained for counts as that.
std::optional<Estimate> estimate_of_entry(const hub::Store& store, const hub::CatalogueEntry& entry, uint32_t context, const Place& place);

std::string format_speed(double tokens_per_second);
nlohmann::ordered_json estimate_json(const Estimate& estimate);
std::string estimate_text(const Estimate& estimate);

}  // namespace slm::cli
