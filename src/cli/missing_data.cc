#include "cli/missing_data.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "cli/command.h"
#include "cli/data_sets.h"
#include "cli/hub_progress.h"
#include "hub/data/data_pull.h"
#include "hub/store.h"

namespace slm::cli {
namespace {

// Someone waits for the evaluation, which can do with what is here.
hub::Patience patience_of_waiting() {
  hub::Patience patience = hub::Patience::from_environment();
  patience.without_progress = std::min(patience.without_progress, 5.0);
  patience.stall_seconds = std::min(patience.stall_seconds, 10.0);
  return patience;
}

std::string names_of(const std::vector<const hub::DataSet*>& sets) {
  std::string names;
  for (const hub::DataSet* set : sets) names += (names.empty() ? "" : ", ") + set->name + " (" + license_of_set(*set) + ")";
  return names;
}

}  // namespace

std::vector<std::string> missing_data_sets(const std::vector<std::string>& folders, const std::vector<std::string>& directories) {
  std::vector<std::string> missing;
  for (const std::string& folder : folders) {
    const auto holds = [&](const std::string& directory) { return std::filesystem::is_directory(directory + "/" + folder); };
    const bool is_listed = std::find(missing.begin(), missing.end(), folder) != missing.end();
    if (is_listed || hub::find_data_set(folder) == nullptr || std::any_of(directories.begin(), directories.end(), holds)) continue;
    missing.push_back(folder);
  }
  return missing;
}

Result<bool> fetch_data_sets(const std::vector<std::string>& names) {
  const hub::Layout layout{hub::Store::open().root()};
  std::vector<const hub::DataSet*> sets;
  uint64_t bytes = 0;
  for (const std::string& name : names) {
    sets.push_back(hub::find_data_set(name));
    bytes += hub::data_bytes_missing(*sets.back(), layout);
  }
  if (sets.empty()) return false;
  note(msg("hub.data.fetching", names_of(sets), format_bytes(bytes)));
  install_interrupt_handler();
  bool any = false;
  for (const hub::DataSet* set : sets) {
    Status pulled;
    {
      HubProgress progress;
      const auto received = hub::pull_data(*set, layout, {false, &interrupted()}, progress.callback(), patience_of_waiting());
      if (!received) pulled = tl::unexpected<Error>(received.error());
    }
    if (interrupted()) return tl::unexpected<Error>(pulled ? Error{ErrorKind::kFailed, msg("hub.interrupted"), {}} : pulled.error());
    any = any || pulled.has_value();
    if (pulled) continue;
    note(msg("hub.data.without", set->name, pulled.error().text()));
    if (pulled.error().kind == ErrorKind::kNetwork || pulled.error().kind == ErrorKind::kDoesNotFit) break;  // the rest would fare no better
  }
  return any;
}

}  // namespace slm::cli
