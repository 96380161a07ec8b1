// Models of the catalogue: which of their sources is asked, what is said before, and the pull.
#pragma once

#include "base/result.h"
#include "cli/pull_plan.h"
#include "hub/catalogue.h"
#include "hub/sources/source.h"
#include "hub/store.h"

namespace slm::cli {

// The first of the entry's sources that can be reached (hub/source_order.h); those passed over are told on stderr. The licence is the
// catalogue's. `entry` is one of the catalogue's own, here and below. Errors: those of hub::find_in_sources.
Result<hub::RemoteModel> find_of_catalogue(const hub::Store& store, const hub::CatalogueEntry& entry, const hub::Asking& asking);

// Says what the name means, what comes from where and whether it fits (on stderr, unless `quiet`); asks for consent where the licence
// wants it; pulls, from the next source where one breaks off. Errors: those of ask_for_consent, find_in_sources and Store::pull_remote.
Result<hub::StoredModel> pull_of_catalogue(hub::Store& store, const hub::CatalogueEntry& entry, bool quiet, const EstimateFor& what = {});

}  // namespace slm::cli
