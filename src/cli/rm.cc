#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/data_sets.h"
#include "cli/hub_commands.h"
#include "hub/data/data_pull.h"

namespace slm::cli {

Run setup_rm(CLI::App& app) {
  const auto names = std::make_shared<std::vector<std::string>>();
  app.add_option("MODEL", *names, tr("hub.rm.model"))->required();
  return [names](const Context& context) -> Status {
    hub::Store store = hub::Store::open();
    for (const std::string& name : *names) {
      if (is_data_name(name)) {
        SLM_TRY(set, data_set_named(name));
        SLM_TRY_STATUS(hub::remove_data(*set, hub::Layout{store.root()}));
      } else {
        SLM_TRY_STATUS(store.remove(name));
      }
      if (!context.json) write_out(tr("hub.removed", name) + "\n");
    }
    if (context.json) print_json(Json{{"removed", *names}});
    return {};
  };
}

}  // namespace slm::cli
