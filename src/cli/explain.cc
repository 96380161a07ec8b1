#include "cli/explain.h"

#include <algorithm>
#include <utility>

#include "base/message.h"
#include "cli/aligned_columns.h"
#include "cli/command.h"
#include "cli/roofline.h"

namespace slm::cli {
namespace {

// In front of the columns of numbers: the part's name and type.
constexpr size_t kTextColumns = 2;

constexpr std::pair<std::string_view, std::string_view> kPartKeys[] = {
    {"embedding", "lab.explain.part.embedding"},
    {"norms", "lab.explain.part.norms"},
    {"qkv", "lab.explain.part.qkv"},
    {"heads", "lab.explain.part.heads"},
    {"attention", "lab.explain.part.attention"},
    {"attention_output", "lab.explain.part.attention_output"},
    {"gate_up", "lab.explain.part.gate_up"},
    {"activation", "lab.explain.part.activation"},
    {"down", "lab.explain.part.down"},
    {"head", "lab.explain.part.head"},
    {"waiting", "lab.explain.part.waiting"},
    {"rest", "lab.explain.part.rest"},
};

std::string part_text(std::string_view name) {
  for (const auto& [part, key] : kPartKeys) {
    if (part == name) return tr(key);
  }
  return tr("lab.explain.sum");
}

std::string number_or_none(double value, int digits) { return value > 0 ? fmt::format("{:.{}f}", value, digits) : "-"; }
std::string percent_or_none(double share) { return share > 0 ? fmt::format("{:.0f} %", 100 * share) : "-"; }

std::vector<std::string> cells_of(const lab::ExplainedPart& part, double step_seconds, const lab::MachineLimits& limits) {
  return {part_text(part.name),
          part.type,
          part.name.empty() ? "" : number_or_none(part.calls, 0),
          fmt::format("{:.3f}", 1e3 * part.seconds),
          fmt::format("{:.1f} %", 100 * part.seconds / step_seconds),
          number_or_none(part.bytes / 1e6, 2),
          number_or_none(part.gb_per_s(), 1),
          percent_or_none(part.share_of_reads(limits)),
          number_or_none(part.macs / 1e9, 3),
          number_or_none(part.gmac_per_s(), 1),
          // Of a sum of both kinds there is no one limit.
          part.name.empty() ? "" : percent_or_none(part.share_of_products(limits))};
}

std::string row_text(const lab::ExplainedRow& row, const lab::MachineLimits& limits) {
  std::vector<std::vector<std::string>> cells = {
      {tr("lab.explain.part"), tr("lab.explain.type"), tr("lab.explain.calls"), tr("lab.explain.time"), tr("lab.explain.share"),
       tr("lab.explain.bytes"), tr("lab.explain.byte_rate"), tr("lab.explain.of_reads"), tr("lab.explain.macs"), tr("lab.explain.mac_rate"),
       tr("lab.explain.of_products")}};
  const double seconds = std::max(row.seconds, 1e-9);
  for (const lab::ExplainedPart& part : row.parts) cells.push_back(cells_of(part, seconds, limits));
  cells.push_back(cells_of(row.sum(), seconds, limits));
  const lab::BenchRow& work = row.row;
  const double least = row.least_seconds(limits);
  return tr(work.work == lab::BenchWork::kPrefill ? "lab.explain.prefill" : "lab.explain.decode", work.tokens, work.depth, work.sequences,
            fmt::format("{:.3f}", 1e3 * row.seconds), row.measured) +
         "\n" + aligned_columns(cells, kTextColumns) +
         tr("lab.explain.least", fmt::format("{:.3f}", 1e3 * least), fmt::format("{:.0f}", 100 * least / seconds)) + "\n";
}

Json or_null(double value) { return value > 0 ? Json(value) : Json(nullptr); }

Json part_json(const lab::ExplainedPart& part, double step_seconds, const lab::MachineLimits& limits) {
  return {{"part", part.name},
          {"type", part.type},
          {"calls", part.calls},
          {"seconds", part.seconds},
          {"share", part.seconds / step_seconds},
          {"bytes", part.bytes},
          {"gb_per_s", or_null(part.gb_per_s())},
          {"share_of_reads", or_null(part.share_of_reads(limits))},
          {"macs", part.macs},
          {"gmac_per_s", or_null(part.gmac_per_s())},
          {"products", part.macs > 0 ? Json(part.of_floats ? "fp32" : "int8") : Json(nullptr)},
          {"share_of_products", or_null(part.share_of_products(limits))}};
}

Json row_json(const lab::ExplainedRow& row, const lab::MachineLimits& limits) {
  Json json = {{"work", lab::work_name(row.row.work)},
               {"tokens", row.row.tokens},
               {"depth", row.row.depth},
               {"sequences", row.row.sequences},
               {"measured", row.measured},
               {"seconds", row.seconds},
               {"least_seconds", row.least_seconds(limits)}};
  json["parts"] = Json::array();
  for (const lab::ExplainedPart& part : row.parts) json["parts"].push_back(part_json(part, std::max(row.seconds, 1e-9), limits));
  return json;
}

}  // namespace

// Weights may lie in large pages or small ones: the better figure is the machine's.
lab::MachineLimits measure_limits(const kernels::KernelTable& table, int threads) {
  const Roof roof = measure_roof(table, threads);
  return {std::max(roof.read_gb_per_s, roof.huge_page_gb_per_s), roof.byte_gmac_per_s, roof.float_gmac_per_s};
}

void print_explanation(const Explanation& explanation) {
  const lab::MachineLimits& limits = explanation.limits;
  const lab::BenchDevice& device = explanation.device;
  std::string text = tr("lab.bench.header", device.cpu, device.isa, device.threads, fmt::format("{:.1f}", limits.read_gb_per_s)) + "\n" +
                     tr("lab.explain.limits", fmt::format("{:.0f}", limits.byte_gmac_per_s), fmt::format("{:.0f}", limits.float_gmac_per_s)) + "\n";
  for (const lab::ExplainedRow& row : explanation.rows) text += "\n" + row_text(row, limits);
  text += "\n" + tr("lab.explain.reading") + "\n";
  if (lab::is_busy(device.share_on_fewer_threads)) text += lab::busy_text(device.share_on_fewer_threads) + "\n";
  write_out(text);
}

Json explanation_json(const Explanation& explanation) {
  const lab::MachineLimits& limits = explanation.limits;
  const lab::BenchDevice& device = explanation.device;
  Json json = {{"cpu", device.cpu}, {"isa", device.isa}, {"threads", device.threads}, {"read_gb_per_s", limits.read_gb_per_s},
               {"share_on_fewer_threads", device.share_on_fewer_threads}};
  json["int8_gmac_per_s"] = limits.byte_gmac_per_s;
  json["fp32_gmac_per_s"] = limits.float_gmac_per_s;
  json["explained"] = Json::array();
  for (const lab::ExplainedRow& row : explanation.rows) json["explained"].push_back(row_json(row, limits));
  return json;
}

}  // namespace slm::cli
