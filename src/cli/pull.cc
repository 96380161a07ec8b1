#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cstdio>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/catalogue_pull.h"
#include "cli/data_sets.h"
#include "cli/hub_commands.h"
#include "cli/hub_progress.h"
#include "cli/license_consent.h"
#include "cli/pull_plan.h"
#include "gguf/split.h"
#include "hub/digest.h"
#include "hub/local_files.h"
#include "hub/sources/source.h"

namespace slm::cli {

nlohmann::ordered_json model_json(const hub::StoredModel& model) {
  return Json{{"name", model.name},     {"path", model.path},       {"bytes", model.bytes}, {"sha256", model.sha256},
              {"source", model.source}, {"commit", model.commit}, {"license", model.license}, {"added", model.added}};
}

Result<hub::StoredModel> pull_with_consent(hub::Store& store, const hub::CatalogueEntry& entry, bool quiet, const EstimateFor& what) {
  if (const auto present = store.find(entry.name)) return *present;
  return pull_of_catalogue(store, entry, quiet, what);
}

namespace {

struct PullFlags {
  std::string model, sha256, name;
  bool insecure = false, dry_run = false;
  EstimateFor estimate;
};

Status print_pulled(const Context& context, const hub::StoredModel& model, bool was_here, const EstimateFor& what) {
  if (context.json) {
    SLM_TRY(place, place_of(what.device));
    const auto estimate = estimate_of_file(model.path, what.context, place);
    Json json = model_json(model);
    json["run"] = estimate ? Json(estimate_json(*estimate)) : Json(nullptr);
    print_json(json);
    return {};
  }
  write_out(tr(was_here ? "hub.already_here" : "hub.pulled", model.name, format_bytes(model.bytes), model.path) + "\n");
  return {};
}

void print_plan(const Context& context, const PullPlan& plan) {
  if (context.json) {
    print_json(plan_json(plan));
  } else {
    write_out(plan_text(plan));
  }
}

// A digest in the user's hand is compared as well as the source's own.
Status apply_sha256(const PullFlags& flags, hub::RemoteModel& remote) {
  if (flags.sha256.empty()) return {};
  if (!remote.rest.empty()) return fail(ErrorKind::kUsage, "hub.store.digest_of_parts", remote.source, remote.rest.size() + 1);
  if (!remote.file.sha256.empty() && remote.file.sha256 != flags.sha256) {
    return fail(ErrorKind::kCorrupt, "hub.sha256_differs", remote.source, remote.file.sha256, flags.sha256);
  }
  remote.file.sha256 = flags.sha256;
  return {};
}

Status pull_from_source(const Context& context, const hub::Source& source, const PullFlags& flags) {
  hub::Store store = hub::Store::open();
  install_interrupt_handler();
  const hub::Asking asking{flags.insecure, &interrupted()};
  SLM_TRY(remote, source.find(flags.model, asking));
  SLM_TRY_STATUS(apply_sha256(flags, remote));
  std::string name = flags.name;
  if (name.empty()) name = hub::check_name(remote.suggested_name) ? remote.suggested_name : hub::name_from_file(remote.suggested_name);
  SLM_TRY(plan, plan_of(store, remote, name));
  // JSON tells it from the model, once that is here; but whether parts belong together is seen before they come.
  if (flags.dry_run || !context.json || !remote.rest.empty()) SLM_TRY_STATUS(add_estimate(store, remote, asking, flags.estimate, plan));
  if (flags.dry_run) {
    print_plan(context, plan);
    return {};
  }
  if (!context.json) std::fputs(plan_text(plan).c_str(), stderr);
  if (remote.entry != nullptr) SLM_TRY_STATUS(ask_for_consent(store, *remote.entry));
  Result<hub::StoredModel> model = tl::unexpected<Error>(Error{});
  {
    HubProgress progress;
    model = store.pull_remote(remote, name, asking, progress.callback());
  }
  if (!model) return tl::unexpected<Error>(model.error());
  return print_pulled(context, *model, plan.in_store, flags.estimate);
}

Status plan_catalogue_pull(const Context& context, const hub::Store& store, const hub::CatalogueEntry& entry, const EstimateFor& what) {
  install_interrupt_handler();
  const hub::Asking asking{false, &interrupted()};
  SLM_TRY(remote, find_of_catalogue(store, entry, asking));
  SLM_TRY(plan, plan_of(store, remote, entry.name));
  SLM_TRY_STATUS(add_estimate(store, remote, asking, what, plan));
  print_plan(context, plan);
  return {};
}

bool names_file(const std::string& text) {
  struct stat status = {};
  return (text.find('/') != std::string::npos || text.ends_with(".gguf")) && stat(text.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// Errors: kCorrupt, both digests named.
Status compare_digest(const PullFlags& flags) {
  if (flags.sha256.empty()) return {};
  SLM_TRY(parts, hub::files_of_model(flags.model));
  if (parts.size() > 1) return fail(ErrorKind::kUsage, "hub.store.digest_of_parts", flags.model, parts.size());
  SLM_TRY(hex, hub::sha256_of_file(flags.model));
  return hex == flags.sha256 ? Status{} : fail(ErrorKind::kCorrupt, "hub.wrong_digest", flags.model, flags.sha256, hex);
}

// What lies on this disk is taken in as by `slm import`.
Status pull_file(const Context& context, const PullFlags& flags) {
  if (flags.insecure) return fail(ErrorKind::kUsage, "hub.flag_of_remote", "--insecure");
  hub::Store store = hub::Store::open();
  const auto part = gguf::parse_part_name(flags.model);
  const bool is_part = part && part->count > 1;
  const std::string name = !flags.name.empty() ? flags.name : hub::name_from_file(is_part ? part->stem : flags.model);
  SLM_TRY(plan, plan_of_file(store, flags.model, name));
  if (flags.dry_run) {
    SLM_TRY(place, place_of(flags.estimate.device));
    if (!is_part) {
      SLM_TRY(estimate, estimate_of_file(flags.model, flags.estimate.context, place));
      plan.estimate = estimate;
    }
    print_plan(context, plan);
    return {};
  }
  SLM_TRY_STATUS(compare_digest(flags));
  Result<hub::StoredModel> model = tl::unexpected<Error>(Error{});
  {
    HubProgress progress;
    model = store.import(flags.model, name, progress.callback());
  }
  if (!model) return tl::unexpected<Error>(model.error());
  return print_pulled(context, *model, plan.in_store, flags.estimate);
}

Status pull_from_catalogue(const Context& context, const PullFlags& flags) {
  for (const auto& [given, flag] : {std::pair{!flags.sha256.empty(), "--sha256"}, {!flags.name.empty(), "--name"}, {flags.insecure, "--insecure"}}) {
    if (given) return fail(ErrorKind::kUsage, "hub.flag_of_remote", flag);
  }
  SLM_TRY_STATUS(hub::user_catalogue_status());
  hub::Store store = hub::Store::open();
  const hub::CatalogueEntry* entry = hub::find_entry(flags.model);
  if (entry == nullptr) {
    // Imported under a name of its own: it is here, and there is nothing to fetch.
    auto present = store.find(flags.model);
    if (!present) {
      const auto near = nearest_spelling(flags.model, hub::catalogue_names());
      return fail_with_hint(ErrorKind::kNotFound, msg("hub.not_in_catalogue", flags.model),
                            near ? msg("hub.did_you_mean", *near) : msg("hub.see_list"));
    }
    if (context.json) print_json(model_json(*present));
    return {};
  }
  if (flags.dry_run) {
    return plan_catalogue_pull(context, store, *entry, flags.estimate);
  }
  const bool was_here = store.find(entry->name).has_value();
  SLM_TRY(model, pull_with_consent(store, *entry, context.json, flags.estimate));
  return print_pulled(context, model, was_here, flags.estimate);
}

}  // namespace

Run setup_pull(CLI::App& app) {
  const auto flags = std::make_shared<PullFlags>();
  app.add_option("MODEL", flags->model, tr("hub.pull.model"))->required();
  app.add_option("--sha256", flags->sha256, tr("hub.pull.sha256"))->type_name("HEX");
  app.add_option("--name", flags->name, tr("hub.pull.name"))->type_name("NAME");
  app.add_flag("--insecure", flags->insecure, tr("hub.pull.insecure"));
  app.add_flag("--dry-run", flags->dry_run, tr("hub.pull.dry_run"));
  app.add_option("--for", flags->estimate.device, tr("cli.flag.for"))->type_name("DEVICE");
  app.add_option("--ctx", flags->estimate.context, tr("cli.flag.estimate_ctx", kEstimateContext))->type_name("N");
  return [flags](const Context& context) -> Status {
    std::transform(flags->sha256.begin(), flags->sha256.end(), flags->sha256.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!flags->sha256.empty() && !hub::is_sha256(flags->sha256)) return fail(ErrorKind::kUsage, "hub.bad_sha256", flags->sha256.substr(0, 100));
    if (!flags->name.empty()) SLM_TRY_STATUS(hub::check_name(flags->name));
    if (!flags->estimate.device.empty()) SLM_TRY_STATUS(place_of(flags->estimate.device));  // before anything is fetched
    if (is_data_name(flags->model)) {
      for (const auto& [given, flag] : {std::pair{!flags->sha256.empty(), "--sha256"}, {!flags->name.empty(), "--name"}}) {
        if (given) return fail(ErrorKind::kUsage, "hub.data.flag_of_model", flag);
      }
      return pull_data_set(context, flags->model, {flags->insecure, flags->dry_run});
    }
    if (const hub::Source* source = hub::source_for(flags->model)) return pull_from_source(context, *source, *flags);
    if (names_file(flags->model)) return pull_file(context, *flags);
    return pull_from_catalogue(context, *flags);
  };
}

}  // namespace slm::cli
