#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/hub_commands.h"

namespace slm::cli {

Run setup_cp(CLI::App& app) {
  struct Flags {
    std::string model, name;
  };
  const auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->model, tr("hub.store.cp.model"))->required();
  app.add_option("NAME", flags->name, tr("hub.store.cp.name"))->required();
  return [flags](const Context& context) -> Status {
    hub::Store store = hub::Store::open();
    SLM_TRY(model, store.copy(flags->model, flags->name));
    if (context.json) {
      print_json(model_json(model));
    } else {
      write_out(tr("hub.store.copied", hub::kept_name(flags->model), model.name, format_bytes(model.bytes)) + "\n");
    }
    return {};
  };
}

}  // namespace slm::cli
