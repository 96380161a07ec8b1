#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/data_sets.h"
#include "cli/hub_commands.h"
#include "cli/hub_progress.h"
#include "hub/data/data_pull.h"

namespace slm::cli {

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
    if (names->empty()) models = store.list();
    Json verified = Json::array();
    for (const hub::StoredModel& model : models) {
      {
        HubProgress progress;
        SLM_TRY_STATUS(store.verify(model, progress.callback()));
      }
      verified.push_back(Json{{"name", model.name}, {"sha256", model.sha256}});
      if (!context.json) write_out(tr("hub.verified", model.name, model.sha256) + "\n");
    }
    for (const std::string& name : *names) {
      if (!is_data_name(name)) continue;
      SLM_TRY(set, data_set_named(name));
      {
        HubProgress progress;
        SLM_TRY_STATUS(hub::verify_data(*set, hub::Layout{store.root()}, progress.callback()));
      }
      verified.push_back(Json{{"name", name}, {"files", set->files.size()}});
      if (!context.json) write_out(tr("hub.data.verified", name, set->files.size()) + "\n");
    }
    if (context.json) print_json(Json{{"verified", verified}});
    return {};
  };
}

}  // namespace slm::cli
