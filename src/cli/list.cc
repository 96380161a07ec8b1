#include <set>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/aligned_columns.h"
#include "cli/data_sets.h"
#include "cli/hub_commands.h"
#include "hub/disk_caches.h"

namespace slm::cli {
namespace {

using Row = std::vector<std::string>;

std::vector<Row> stored_rows(const std::vector<hub::StoredModel>& models) {
  std::vector<Row> rows = {{tr("hub.list.name"), tr("hub.list.size"), tr("hub.list.license"), tr("hub.list.added")}};
  for (const hub::StoredModel& model : models) {
    rows.push_back({model.name, format_bytes(model.bytes), model.license.empty() ? "-" : model.license, model.added.substr(0, 10)});
  }
  return rows;
}

// What can be pulled and is not here, and what is known by name only.
std::vector<Row> other_rows(const hub::Store& store) {
  std::vector<Row> rows = {{tr("hub.list.name"), tr("hub.list.size"), tr("hub.list.license"), tr("hub.list.source")}};
  for (const hub::CatalogueEntry& entry : hub::catalogue()) {
    if (store.find(entry.name)) continue;
    rows.push_back({entry.name, entry.bytes == 0 ? "-" : format_bytes(entry.bytes), entry.license,
                    tr("hub.list.can_pull") + (entry.verified ? "" : " (" + tr("hub.unverified") + ")")});
  }
  return rows;
}

std::vector<Row> cached_rows(const std::vector<hub::CachedModel>& models) {
  std::vector<Row> rows = {{tr("hub.list.name"), tr("hub.list.size"), tr("hub.store.cache_path")}};
  for (const hub::CachedModel& model : models) rows.push_back({printable(model.name), format_bytes(model.bytes), printable(model.paths.front())});
  return rows;
}

// What other programs have and the store has not, by name or by digest.
std::vector<hub::CachedModel> others_models(const std::vector<hub::StoredModel>& stored) {
  std::set<std::string> here;
  for (const hub::StoredModel& model : stored) here.insert({model.name, model.sha256});
  std::vector<hub::CachedModel> models = hub::list_cached_models();
  std::erase_if(models, [&](const hub::CachedModel& model) { return here.contains(hub::kept_name(model.name)) || here.contains(model.sha256); });
  return models;
}

Json cached_json(const std::vector<hub::CachedModel>& models) {
  Json items = Json::array();
  for (const hub::CachedModel& model : models) {
    items.push_back(Json{{"name", model.name}, {"paths", model.paths}, {"bytes", model.bytes}, {"sha256", model.sha256}, {"commit", model.commit}});
  }
  return items;
}

}  // namespace

Run setup_list(CLI::App& app) {
  const auto all = std::make_shared<bool>(false);
  const auto data = std::make_shared<bool>(false);
  app.add_flag("--all", *all, tr("hub.list.all"));
  app.add_flag("--data", *data, tr("hub.data.list"))->excludes("--all");
  return [all, data](const Context& context) -> Status {
    if (*data) return list_data_sets(context);
    SLM_TRY_STATUS(hub::user_catalogue_status());
    const hub::Store store = hub::Store::open();
    const auto models = store.list();
    if (context.json) {
      Json items = Json::array();
      for (const hub::StoredModel& model : models) items.push_back(model_json(model));
      Json damaged = Json::array();
      for (const Error& error : store.damaged()) damaged.push_back(error.text(Language::kEnglish));
      Json json{{"models", items}, {"damaged", damaged}};
      if (*all) {
        Json known = Json::array();
        for (const hub::CatalogueEntry& entry : hub::catalogue()) {
          known.push_back(Json{{"name", entry.name}, {"bytes", entry.bytes}, {"license", entry.license}, {"source", entry.can_pull()}, {"verified", entry.verified}});
        }
        json["catalogue"] = known;
        json["caches"] = cached_json(others_models(models));
      }
      print_json(json);
      return {};
    }
    if (models.empty()) {
      write_out(tr("hub.list.empty", store.root()) + "\n");
    } else {
      write_out(aligned_columns(stored_rows(models)));
    }
    for (const Error& error : store.damaged()) note(error.message);
    const auto cached = others_models(models);
    if (!*all && !cached.empty()) note(msg("hub.store.caches_hint", cached.size()));
    if (*all && !cached.empty()) write_out("\n" + tr("hub.store.caches") + "\n" + aligned_columns(cached_rows(cached)));
    const auto others = *all ? other_rows(store) : std::vector<Row>{};
    if (others.size() > 1) write_out("\n" + tr("hub.list.others") + "\n" + aligned_columns(others));
    return {};
  };
}

}  // namespace slm::cli
