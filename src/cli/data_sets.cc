#include "cli/data_sets.h"

#include <cstdio>

#include "base/json.h"
#include "base/machine.h"
#include "base/text.h"
#include "cli/aligned_columns.h"
#include "cli/hub_progress.h"
#include "hub/data/data_pull.h"
#include "hub/store.h"

namespace slm::cli {
namespace {

hub::Layout store_layout() { return hub::Layout{hub::Store::open().root()}; }

std::string folder_of(const hub::DataSet& set, const hub::Layout& layout) { return hub::data_directory(layout) + "/" + set.name; }

Json data_set_json(const hub::DataSet& set, const hub::Layout& layout) {
  return Json{{"name", set.name},
              {"title", set.title},
              {"license", set.license},
              {"limit", set.limit},
              {"source", set.source},
              {"files", set.files.size()},
              {"bytes", set.bytes()},
              {"bytes_missing", hub::data_bytes_missing(set, layout)},
              {"here", hub::has_data(set, layout)},
              {"path", folder_of(set, layout)}};
}

std::string plan_line(const hub::DataSet& set, uint64_t missing) {
  return tr("hub.data.plan", set.name, set.title, format_bytes(set.bytes()), set.files.size(), format_bytes(set.bytes() - missing), license_of_set(set), set.source);
}

}  // namespace

std::string license_of_set(const hub::DataSet& set) {
  if (set.limit.empty()) return set.license;
  return set.license + " (" + (set.limit == "non-commercial" ? tr("hub.data.non_commercial") : set.limit) + ")";
}

bool is_data_name(std::string_view name) { return name.starts_with(hub::kDataPrefix); }

Result<const hub::DataSet*> data_set_named(std::string_view name) {
  const hub::DataSet* set = hub::find_data_set(name);
  if (set != nullptr) return set;
  if (is_data_name(name)) name.remove_prefix(hub::kDataPrefix.size());
  std::vector<std::string> names;
  std::string all;
  for (const hub::DataSet& one : hub::data_sets()) {
    names.push_back(one.name);
    all += (all.empty() ? "" : ", ") + one.name;
  }
  const auto near = nearest_spelling(std::string(name), names);
  return fail_with_hint(ErrorKind::kNotFound, msg("hub.data.unknown", printable(name), all), near ? msg("hub.did_you_mean", "data:" + *near) : Message{});
}

Status pull_data_set(const Context& context, const std::string& name, const DataPullFlags& flags) {
  SLM_TRY(set, data_set_named(name));
  const hub::Layout layout = store_layout();
  const uint64_t missing = hub::data_bytes_missing(*set, layout);
  if (flags.dry_run) {
    if (context.json) print_json(data_set_json(*set, layout));
    else write_out(plan_line(*set, missing) + "\n");
    return {};
  }
  if (!context.json) std::fputs((plan_line(*set, missing) + "\n").c_str(), stderr);
  install_interrupt_handler();
  Result<uint64_t> received = uint64_t{0};
  {
    HubProgress progress;
    received = hub::pull_data(*set, layout, {flags.insecure, &interrupted()}, progress.callback(), hub::Patience::from_environment());
  }
  if (!received) return tl::unexpected<Error>(received.error());
  if (context.json) {
    Json json = data_set_json(*set, layout);
    json["received_bytes"] = *received;
    print_json(json);
    return {};
  }
  const std::string folder = folder_of(*set, layout);
  write_out((missing == 0 && *received == 0 ? tr("hub.data.here", set->name, folder) : tr("hub.data.pulled", set->name, format_bytes(set->bytes()), folder)) + "\n");
  return {};
}

Status list_data_sets(const Context& context) {
  const hub::Layout layout = store_layout();
  Json sets = Json::array();
  std::vector<std::vector<std::string>> rows = {{tr("hub.data.items"), tr("hub.list.size"), tr("hub.data.state"), tr("hub.list.license")}};
  for (const hub::DataSet& set : hub::data_sets()) {
    sets.push_back(data_set_json(set, layout));
    const uint64_t missing = hub::data_bytes_missing(set, layout);
    const char* state = hub::has_data(set, layout) ? "hub.data.state_whole" : missing < set.bytes() ? "hub.data.state_part" : "hub.data.state_none";
    rows.push_back({"data:" + set.name, format_bytes(set.bytes()), tr(state), license_of_set(set)});
  }
  if (context.json) print_json(Json{{"data", sets}});
  else write_out(aligned_columns(rows));
  return {};
}

}  // namespace slm::cli
