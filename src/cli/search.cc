// `slm search`: the catalogue by words.
#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/aligned_columns.h"
#include "cli/hub_commands.h"
#include "cli/sampling_flags.h"

namespace slm::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

Json entry_json(const hub::CatalogueEntry& entry, bool in_store) {
  Json sources = Json::array();
  for (const hub::CatalogueSource& source : entry.sources) sources.push_back(Json{{"name", source.name}, {"gated", source.gated}});
  Json json;
  json["name"] = entry.name;
  json["aliases"] = entry.aliases;
  json["architecture"] = entry.architecture;
  json["instruct"] = entry.instruct;
  json["parameters"] = entry.parameters;
  json["context"] = entry.context;
  json["quantization"] = entry.quantization;
  json["quantizations"] = entry.quantizations;
  json["languages"] = entry.languages;
  json["license"] = entry.license;
  json["license_terms"] = entry.license_terms;
  json["sampling"] = sampling_json(entry.sampling);
  json["stop"] = entry.stop;
  json["sources"] = sources;
  json["verified"] = entry.verified;
  json["in_store"] = in_store;
  return json;
}

std::string state_of(const hub::CatalogueEntry& entry, bool in_store) {
  if (in_store) return tr("hub.search.here");
  return entry.verified ? tr("hub.list.can_pull") : tr("hub.list.can_pull") + " (" + tr("hub.unverified") + ")";
}

}  // namespace

Run setup_search(CLI::App& app) {
  const auto words = std::make_shared<std::vector<std::string>>();
  app.add_option("WORD", *words, tr("hub.search.word"));
  return [words](const Context& context) -> Status {
    SLM_TRY_STATUS(hub::user_catalogue_status());
    const hub::Store store = hub::Store::open();
    const auto found = hub::search_catalogue(joined(*words));
    if (context.json) {
      Json models = Json::array();
      for (const hub::CatalogueEntry* entry : found) models.push_back(entry_json(*entry, store.find(entry->name).has_value()));
      print_json(Json{{"models", models}});
      return {};
    }
    if (found.empty()) return fail_with_hint(ErrorKind::kNotFound, msg("hub.search.none", joined(*words)), msg("hub.see_list"));
    std::vector<std::vector<std::string>> rows = {{tr("hub.list.name"), tr("hub.search.parameters"), tr("hub.search.quantizations"), tr("hub.search.languages"),
                                                   tr("hub.list.license"), tr("hub.list.source")}};
    for (const hub::CatalogueEntry* entry : found) {
      std::string languages = entry->languages.empty() ? "-" : entry->languages[0];
      for (size_t i = 1; i < std::min<size_t>(entry->languages.size(), 2); ++i) languages += " " + entry->languages[i];
      if (entry->languages.size() > 2) languages += " +" + std::to_string(entry->languages.size() - 2);
      rows.push_back({entry->name, fmt::format("{:.2g} B", static_cast<double>(entry->parameters) / 1e9),
                      entry->quantizations.size() > 1 ? fmt::format("{} +{}", entry->quantization, entry->quantizations.size() - 1) : entry->quantization, languages,
                      entry->license, state_of(*entry, store.find(entry->name).has_value())});
    }
    write_out(aligned_columns(rows));
    return {};
  };
}

}  // namespace slm::cli
