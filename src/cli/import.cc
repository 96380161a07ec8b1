#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/hub_commands.h"
#include "cli/hub_progress.h"

namespace slm::cli {

Run setup_import(CLI::App& app) {
  struct Flags {
    std::string file, name;
  };
  const auto flags = std::make_shared<Flags>();
  app.add_option("FILE", flags->file, tr("hub.import.file"))->required();
  app.add_option("NAME", flags->name, tr("hub.import.name"));
  return [flags](const Context& context) -> Status {
    hub::Store store = hub::Store::open();
    Result<hub::StoredModel> model = tl::unexpected<Error>(Error{});
    {
      HubProgress progress;
      model = store.import(flags->file, flags->name, progress.callback());
    }
    if (!model) return tl::unexpected<Error>(model.error());
    if (context.json) {
      print_json(model_json(*model));
    } else {
      write_out(tr("hub.imported", model->name, format_bytes(model->bytes), model->path) + "\n");
    }
    return {};
  };
}

}  // namespace slm::cli
