// `slm pull`, `list`, `cp`, `rm`, `gc`, `verify` and `import`: the store's commands.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/pull_plan.h"
#include "hub/store.h"

namespace slm::cli {

Run setup_pull(CLI::App& app);
Run setup_list(CLI::App& app);
Run setup_search(CLI::App& app);
Run setup_fits(CLI::App& app);
Run setup_cp(CLI::App& app);
Run setup_rm(CLI::App& app);
Run setup_gc(CLI::App& app);
Run setup_verify(CLI::App& app);
Run setup_import(CLI::App& app);

// Asks for consent where the entry's licence wants it and none was given yet (license_consent.h), then pulls with progress on
// stderr, after saying what comes from where (unless `quiet`). At once when the model is in the store. Installs the interrupt handler: Ctrl-C ends the pull, finished parts are kept.
Result<hub::StoredModel> pull_with_consent(hub::Store& store, const hub::CatalogueEntry& entry, bool quiet = false, const EstimateFor& what = {});

// A stored model as JSON facts: name, path, bytes, sha256, source, license, added.
nlohmann::ordered_json model_json(const hub::StoredModel& model);

}  // namespace slm::cli
