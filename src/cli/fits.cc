// `slm fits`: the catalogue against this machine or a named one.
#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/aligned_columns.h"
#include "cli/estimate.h"
#include "cli/hub_commands.h"

namespace slm::cli {
namespace {

struct Line {
  const hub::CatalogueEntry* entry = nullptr;
  std::optional<Estimate> estimate;  // nothing: neither the model nor its dimensions are at hand
};

Json line_json(const Line& line) {
  Json json{{"name", line.entry->name}, {"quantization", line.entry->quantization}};
  json["estimate"] = line.estimate ? Json(estimate_json(*line.estimate)) : Json(nullptr);
  return json;
}

std::vector<std::string> row_of(const Line& line) {
  if (!line.estimate) return {line.entry->name, line.entry->quantization, "-", tr("cli.fits.unknown"), "-"};
  const Estimate& estimate = *line.estimate;
  std::string verdict = tr(estimate.fits() ? "cli.fits.yes" : "cli.fits.no");
  if (!estimate.smaller.empty()) verdict += " (" + tr("cli.fits.as", estimate.smaller) + ")";
  return {line.entry->name, line.entry->quantization, format_bytes(estimate.total()), verdict,
          format_speed(estimate.slowest) + " .. " + format_speed(estimate.fastest)};
}

void print_people(const std::vector<Line>& lines, const Place& place) {
  std::vector<std::vector<std::string>> rows = {{tr("hub.list.name"), tr("hub.search.quantizations"), tr("cli.fits.memory"), tr("cli.fits.verdict"), tr("cli.fits.speed")}};
  for (const Line& line : lines) rows.push_back(row_of(line));
  const std::string where = place.name.empty() ? tr("cli.estimate.here") : place.name;
  write_out(tr(place.measured ? "cli.fits.place_measured" : "cli.fits.place_peak", where, format_bytes(place.memory),
               fmt::format("{:.1f} GB/s", place.bandwidth / 1e9)) + "\n\n" + aligned_columns(rows));
}

struct FitsFlags {
  std::string device;
  uint32_t context = 0;
};

}  // namespace

Run setup_fits(CLI::App& app) {
  const auto flags = std::make_shared<FitsFlags>();
  app.add_option("--for", flags->device, tr("cli.flag.for"))->type_name("DEVICE");
  app.add_option("--ctx", flags->context, tr("cli.flag.estimate_ctx", kEstimateContext))->type_name("N");
  return [flags](const Context& context) -> Status {
    SLM_TRY_STATUS(hub::user_catalogue_status());
    SLM_TRY(place, place_of(flags->device));
    const hub::Store store = hub::Store::open();
    std::vector<Line> lines;
    for (const hub::CatalogueEntry& entry : hub::catalogue()) lines.push_back({&entry, estimate_of_entry(store, entry, flags->context, place)});
    if (!context.json) {
      print_people(lines, place);
      return {};
    }
    Json models = Json::array();
    for (const Line& line : lines) models.push_back(line_json(line));
    print_json(Json{{"models", models}});
    return {};
  };
}

}  // namespace slm::cli
