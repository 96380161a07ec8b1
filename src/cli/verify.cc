#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/data_sets.h"
#include "cli/hub_commands.h"
#include "cli/hub_progress.h"
#include "hub/data/data_pull.h"

namespace slm::cli {
namespace {

// One fault is told as it is; several are told as they come, and counted.
class Faults {
 public:
  void add(Error error) { errors_.push_back(std::move(error)); }
  Status status(size_t checked) const {
    if (errors_.empty()) return {};
    if (errors_.size() == 1) return tl::unexpected<Error>(errors_.front());
    for (const Error& error : errors_) note(error.message);
    return fail_with_hint(ErrorKind::kCorrupt, msg("hub.store.damaged_count", errors_.size(), checked), msg("hub.store.replace_damaged"));
  }

 private:
  std::vector<Error> errors_;
};

}  // namespace

Run setup_verify(CLI::App& app) {
  const auto names = std::make_shared<std::vector<std::string>>();
  app.add_option("MODEL", *names, tr("hub.verify.model"));
  return [names](const Context& context) -> Status {
    const hub::Store store = hub::Store::open();
    std::vector<hub::StoredModel> models;
    for (const std::string& name : *names) {
      if (is_data_name(name)) continue;
      SLM_TRY(model, store.resolve(name));
      if (model.sha256.empty()) return fail(ErrorKind::kUsage, "hub.verify.bare_file", name);
      models.push_back(std::move(model));
    }
    Faults faults;
    size_t checked = 0;
    if (names->empty()) {
      models = store.list();
      for (Error& error : store.damaged()) faults.add(std::move(error)), ++checked;
    }
    Json verified = Json::array();
    for (const hub::StoredModel& model : models) {
      const Status whole = [&] {
        HubProgress progress;
        return store.verify(model, progress.callback());
      }();
      ++checked;
      if (!whole) {
        faults.add(whole.error());
        continue;
      }
      verified.push_back(Json{{"name", model.name}, {"sha256", model.sha256}});
      if (!context.json) write_out(tr("hub.verified", model.name, model.sha256) + "\n");
    }
    for (const std::string& name : *names) {
      if (!is_data_name(name)) continue;
      SLM_TRY(set, data_set_named(name));
      const Status whole = [&, set = set] {
        HubProgress progress;
        return hub::verify_data(*set, hub::Layout{store.root()}, progress.callback());
      }();
      ++checked;
      if (!whole) {
        faults.add(whole.error());
        continue;
      }
      verified.push_back(Json{{"name", name}, {"files", set->files.size()}});
      if (!context.json) write_out(tr("hub.data.verified", name, set->files.size()) + "\n");
    }
    SLM_TRY_STATUS(faults.status(checked));
    if (context.json) print_json(Json{{"verified", verified}});
    return {};
  };
}

}  // namespace slm::cli
