#include "cli/missing_data.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "cli/command.h"
#include "cli/data_sets.h"
#include "cli/hub_progress.h"
#include "hub/data/data_pull.h"
#include "hub/store.h"
#include "lab/data_directories.h"

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

// Those that none of the directories holds and slm knows where to get, each once.
std::vector<const hub::DataSet*> missing_sets(const std::vector<std::string>& folders, const std::vector<std::string>& directories) {
  std::vector<const hub::DataSet*> missing;
  for (const std::string& folder : folders) {
    const hub::DataSet* set = hub::find_data_set(folder);
    const auto holds = [&](const std::string& directory) { return std::filesystem::is_directory(directory + "/" + folder); };
    const bool is_listed = std::find(missing.begin(), missing.end(), set) != missing.end();
    if (set != nullptr && !is_listed && std::none_of(directories.begin(), directories.end(), holds)) missing.push_back(set);
  }
  return missing;
}

}  // namespace

Result<bool> fetch_missing_data(const std::vector<std::string>& folders, const std::string& data_dir) {
  SLM_TRY(directories, lab::data_directories(data_dir));
  const std::vector<const hub::DataSet*> sets = missing_sets(folders, directories);
  if (sets.empty()) return false;
  const hub::Layout layout{hub::Store::open().root()};
  uint64_t bytes = 0;
  for (const hub::DataSet* set : sets) bytes += hub::data_bytes_missing(*set, layout);
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
