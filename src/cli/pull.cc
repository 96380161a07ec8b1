#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/hub_commands.h"
#include "cli/hub_progress.h"
#include "cli/license_consent.h"

namespace slm::cli {

nlohmann::ordered_json model_json(const hub::StoredModel& model) {
  return Json{{"name", model.name},     {"path", model.path},       {"bytes", model.bytes}, {"sha256", model.sha256},
              {"source", model.source}, {"license", model.license}, {"added", model.added}};
}

Result<hub::StoredModel> pull_with_consent(hub::Store& store, const hub::CatalogueEntry& entry) {
  if (const auto present = store.find(entry.name)) return *present;
  // Not asked for what cannot be had.
  if (!entry.parts.empty()) SLM_TRY_STATUS(ask_for_consent(store, entry));
  install_interrupt_handler();
  HubProgress progress;
  return store.pull(entry, progress.callback());
}

Run setup_pull(CLI::App& app) {
  const auto name = std::make_shared<std::string>();
  app.add_option("MODEL", *name, tr("hub.pull.model"))->required();
  return [name](const Context& context) -> Status {
    hub::Store store = hub::Store::open();
    const hub::CatalogueEntry* entry = hub::find_entry(*name);
    if (entry == nullptr) {
      // Imported under a name of its own: it is here, and there is nothing to fetch.
      auto present = store.find(*name);
      if (!present) {
        const auto near = nearest_spelling(*name, hub::catalogue_names());
        return fail_with_hint(ErrorKind::kNotFound, msg("hub.not_in_catalogue", *name),
                              near ? msg("hub.did_you_mean", *near) : msg("hub.see_list"));
      }
      if (context.json) print_json(model_json(*present));
      return {};
    }
    const bool was_here = store.find(entry->name).has_value();
    SLM_TRY(model, pull_with_consent(store, *entry));
    if (context.json) {
      print_json(model_json(model));
    } else {
      const std::string size = format_bytes(model.bytes);
      write_out((was_here ? tr("hub.already_here", model.name, size, model.path) : tr("hub.pulled", model.name, size, model.path)) + "\n");
    }
    return {};
  };
}

}  // namespace slm::cli
