// `slm pull|list|rm|verify` for evaluation sets: data:NAME.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "hub/data/data_sets.h"

namespace slm::cli {

struct DataPullFlags {
  bool insecure = false, dry_run = false;
};
// Says what it is, how much and under which licence, then fetches what is missing. Errors: kNotFound (no such set; all are named), those of
// hub::pull_data.
Status pull_data_set(const Context& context, const std::string& name, const DataPullFlags& flags);

// All of them and what of each is here.
Status list_data_sets(const Context& context);

// The licence, and whom it keeps away.
std::string license_of_set(const hub::DataSet& set);

bool is_data_name(std::string_view name);
// Errors: kNotFound with the nearest name and all there are.
Result<const hub::DataSet*> data_set_named(std::string_view name);

}  // namespace slm::cli
