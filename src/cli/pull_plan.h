// What `slm pull` says before the first byte: what it is, whether disk and memory will do.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cli/estimate.h"
#include "hub/sources/source.h"
#include "hub/store.h"

namespace slm::cli {

struct PullPlan {
  std::string name;                // in the store
  std::string source, file, commit, license;
  bool gated = false, has_projector = false;
  bool in_store = false;
  std::optional<uint64_t> bytes;   // of the model; nothing: unknown
  uint64_t bytes_here = 0;         // of an earlier pull
  std::string sha256;              // "" unknown, and of a model in several files
  bool in_parts = false;           // in several files, each with a digest of its own
  uint64_t disk_needed = 0, disk_free = 0;
  uint64_t memory_available = 0;
  std::optional<Estimate> estimate;  // memory and speed, by the header or the dimensions; nothing: not known
  std::string smaller_name;        // of the catalogue, in the quantisation that would fit; "" none is needed, or known
  bool fits_disk() const { return disk_needed <= disk_free; }
  bool fits_memory() const { return !bytes || *bytes <= memory_available; }  // the weights alone
};

Result<PullPlan> plan_of(const hub::Store& store, const hub::RemoteModel& remote, const std::string& name);
// Of a file on this disk, which is linked, not copied, where it lies on the store's file system. Errors: those of hub::files_of_model.
Result<PullPlan> plan_of_file(const hub::Store& store, const std::string& path, const std::string& name);

// What memory and speed are estimated for.
struct EstimateFor {
  std::string device;              // as place_of
  uint32_t context = 0;            // as estimate_of_file
};
// Adds what the model's header tells, read from the store or by a range; of what comes in wheels the catalogue's dimensions. Where it cannot be read
// beforehand a note says so. Errors: kCorrupt: what lies there is no GGUF, or a damaged one; those of place_of; kFailed "hub.interrupted".
Status add_estimate(const hub::Store& store, const hub::RemoteModel& remote, const hub::Asking& asking, const EstimateFor& what, PullPlan& plan);

// docs/json.md
nlohmann::ordered_json plan_json(const PullPlan& plan);
std::string plan_text(const PullPlan& plan);

}  // namespace slm::cli
