#include "cli/pull_plan.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/json.h"
#include "base/machine.h"
#include "base/text.h"
#include "cli/command.h"
#include "hub/download.h"
#include "hub/header_preflight.h"
#include "hub/local_files.h"
#include "hub/record.h"
#include "hub/wheel_pull.h"

namespace slm::cli {
namespace {

Status add_machine(const hub::Store& store, PullPlan& plan) {
  SLM_TRY(free, disk_free_bytes(store.root()));
  plan.disk_free = free;
  plan.memory_available = machine_facts().available_bytes;
  return {};
}

// `directory` may still be to be made.
bool on_one_file_system(const std::string& path, std::string directory) {
  struct stat file = {}, place = {};
  while (stat(directory.c_str(), &place) != 0 && directory.find('/') != std::string::npos) directory.erase(directory.rfind('/'));
  return stat(path.c_str(), &file) == 0 && stat(directory.empty() ? "/" : directory.c_str(), &place) == 0 && file.st_dev == place.st_dev;
}

// Where it is one of the entry's that the user can ask for.
void name_smaller(const hub::CatalogueEntry* entry, PullPlan& plan) {
  if (entry == nullptr || entry->quantizations.empty() || !plan.estimate || plan.estimate->smaller.empty()) return;
  plan.smaller_name = hub::in_quantization(*entry, plan.estimate->smaller).name;
}

}  // namespace

Result<PullPlan> plan_of(const hub::Store& store, const hub::RemoteModel& remote, const std::string& name) {
  PullPlan plan;
  plan.name = hub::kept_name(name);
  plan.source = remote.source;
  plan.file = remote.file.name;
  plan.commit = remote.commit;
  plan.license = remote.license;
  plan.gated = remote.gated;
  plan.has_projector = remote.has_projector;
  plan.bytes = remote.bytes();
  plan.sha256 = remote.rest.empty() ? remote.file.sha256 : "";
  const auto has_digest = [](const hub::RemoteFile& file) { return !file.sha256.empty(); };
  plan.in_parts = !remote.rest.empty() && has_digest(remote.file) && std::all_of(remote.rest.begin(), remote.rest.end(), has_digest);
  const auto present = store.find(plan.name);
  plan.in_store = present && hub::is_same_model(*present, remote);
  const uint64_t size = plan.bytes.value_or(0);
  plan.bytes_here = std::min(size, store.bytes_here(remote, plan.name));
  // Parts are joined once all have come.
  const uint64_t joined = remote.rest.empty() ? 0 : size;
  if (!plan.in_store) {
    plan.disk_needed = remote.wheels.empty() ? hub::disk_needed_for(size - plan.bytes_here + joined)
                                             : hub::disk_needed_for_wheels(remote, plan.name, hub::Layout{store.root()});
  }
  SLM_TRY_STATUS(add_machine(store, plan));
  return plan;
}

Result<PullPlan> plan_of_file(const hub::Store& store, const std::string& path, const std::string& name) {
  SLM_TRY(parts, hub::files_of_model(path));
  PullPlan plan;
  plan.name = hub::kept_name(name);
  plan.source = "import:" + std::filesystem::absolute(path).string();
  plan.bytes = 0;
  std::error_code error;
  for (const std::string& part : parts) *plan.bytes += std::filesystem::file_size(part, error);
  if (error) return fail(ErrorKind::kFailed, "base.cannot_read", path, error.message());
  const auto present = store.find(plan.name);
  plan.in_store = present && present->source == plan.source && (parts.size() > 1 || present->bytes == *plan.bytes);
  if (!plan.in_store && (parts.size() > 1 || !on_one_file_system(path, store.root()))) plan.disk_needed = hub::disk_needed_for(*plan.bytes);
  SLM_TRY_STATUS(add_machine(store, plan));
  return plan;
}

Status add_estimate(const hub::Store& store, const hub::RemoteModel& remote, const hub::Asking& asking, const EstimateFor& what, PullPlan& plan) {
  SLM_TRY(place, place_of(what.device));
  const Offered offered = remote.entry != nullptr ? remote.entry->quantizations : Offered{};
  Result<Estimate> estimate = tl::unexpected<Error>(Error{});
  if (const auto stored = plan.in_store ? store.find(plan.name) : std::nullopt) {
    estimate = estimate_of_file(stored->path, what.context, place, offered);
  } else if (!remote.wheels.empty()) {
    // pip gives no parts of files.
    if (remote.entry != nullptr) plan.estimate = estimate_of_entry(store, *remote.entry, what.context, place);
    name_smaller(remote.entry, plan);
    return {};
  } else {
    const auto header = hub::fetch_header(remote, hub::Layout{store.root()}, asking);
    if (header) estimate = estimate_of_file(header->path(), what.context, place, offered);
    else estimate = tl::unexpected<Error>(header.error());
    if (header && !estimate) estimate = tl::unexpected<Error>(header->explained(estimate.error()));
  }
  if (estimate) {
    plan.estimate = *estimate;
    name_smaller(remote.entry, plan);
    return {};
  }
  const bool stopped = asking.cancelled != nullptr && *asking.cancelled;
  if (estimate.error().kind == ErrorKind::kCorrupt || stopped) return tl::unexpected<Error>(estimate.error());
  note(msg("cli.estimate.none", estimate.error().text()));
  return {};
}

nlohmann::ordered_json plan_json(const PullPlan& plan) {
  Json json;
  json["name"] = plan.name;
  json["source"] = plan.source;
  json["file"] = plan.file;
  json["commit"] = plan.commit;
  json["sha256"] = plan.sha256;
  json["license"] = plan.license;
  json["gated"] = plan.gated;
  json["in_store"] = plan.in_store;
  json["bytes"] = plan.bytes ? Json(*plan.bytes) : Json(nullptr);
  json["bytes_here"] = plan.bytes_here;
  json["disk"] = Json{{"needed_bytes", plan.disk_needed}, {"free_bytes", plan.disk_free}, {"fits", plan.fits_disk()}};
  json["memory"] = Json{{"weights_bytes", plan.bytes ? Json(*plan.bytes) : Json(nullptr)},
                        {"available_bytes", plan.memory_available},
                        {"fits", plan.bytes ? Json(plan.fits_memory()) : Json(nullptr)},
                        {"estimate", true}};
  json["run"] = plan.estimate ? Json(estimate_json(*plan.estimate)) : Json(nullptr);
  return json;
}

std::string plan_text(const PullPlan& plan) {
  const std::string size = plan.bytes ? format_bytes(*plan.bytes) : tr("hub.plan.unknown_size");
  const std::string from = plan.file.empty() || plan.source.find(plan.file) != std::string::npos ? plan.source : plan.source + " (" + printable(plan.file) + ")";
  std::string text = tr("hub.plan.what", plan.name, size, from) + "\n";
  if (plan.bytes_here > 0) text += tr("hub.plan.here", format_bytes(plan.bytes_here)) + "\n";
  if (!plan.license.empty()) text += tr("hub.plan.license", plan.license) + "\n";
  if (plan.gated) text += tr("hub.plan.gated") + "\n";
  if (plan.has_projector) text += tr("hub.plan.projector") + "\n";
  if (!plan.in_store) {
    text += tr(plan.fits_disk() ? "hub.plan.disk_fits" : "hub.plan.disk_lacks", format_bytes(plan.disk_needed), format_bytes(plan.disk_free)) + "\n";
  }
  if (plan.estimate) {
    text += estimate_text(*plan.estimate);
    if (!plan.smaller_name.empty()) text += tr("hub.plan.smaller", plan.smaller_name) + "\n";
  } else if (plan.bytes) {
    text += tr(plan.fits_memory() ? "hub.plan.memory_fits" : "hub.plan.memory_lacks", size, format_bytes(plan.memory_available)) + "\n";
  }
  if (plan.sha256.empty() && !plan.in_parts && !plan.source.starts_with("import:")) text += tr("hub.plan.no_digest") + "\n";
  return text;
}

}  // namespace slm::cli
