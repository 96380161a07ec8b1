#include "lab/report_json.h"

#include <cmath>

#include "base/json.h"

namespace slm::lab {
namespace {

// JSON has no infinities: null stands for what is not a number.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json optional_json(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }

Json interval_json(const Interval& interval) { return Json::array({number(interval.low), number(interval.high)}); }

Json value_json(const Value& value) { return value.number ? number(*value.number) : Json(value.text); }

Json slow_end_json(const Value& value) {
  if (!value.slow_end) return nullptr;
  return {{"value", number(value.slow_end->value)}, {"interval", interval_json(value.slow_end->interval)}};
}

Json model_json(const ComparedModel& model) {
  Json json = {{"name", model.name},
          {"path", model.path},
          {"bytes", model.bytes},
          {"sha256", model.sha256},
          {"architecture", model.architecture},
          {"quantization", model.quantization.name},
          {"parameters", model.parameters},
          {"context", model.context},
          {"license", model.license},
          {"kind", model.is_instruct ? "instruct" : "base"}};
  if (const ModelQuantization& mixed = model.quantization; !mixed.most_bytes.empty()) {
    json["most_bytes"] = {{"type", mixed.most_bytes}, {"share", number(mixed.share)}};
  }
  if (!model.endpoint.empty()) json["endpoint"] = model.endpoint;
  return json;
}

Json records_json(const Comparison& comparison, const ComparisonRow& row) {
  Json records = Json::array();
  for (const ItemRecord& record : row.records) {
    Json one = {{"item", record.item}, {"model", record.model == 'a' ? comparison.a.name : comparison.b.name}};
    if (!record.prompt.empty()) one["prompt"] = record.prompt;
    one["answer"] = record.answer;
    // Yes and no are true and false; measured values are numbers.
    one["grade"] = row.is_rate ? Json(record.grade != 0) : number(record.grade);
    if (record.weight != 1) one["weight"] = record.weight;
    one["transcript"] = record.transcript.empty() ? Json(nullptr) : Json(record.transcript);
    records.push_back(std::move(one));
  }
  return records;
}

// What a report that is read in either language needs.
Json both_languages(const Message& message) {
  return {{"en", render(message, Language::kEnglish)}, {"zh", render(message, Language::kChinese)}};
}

Json looks_json(const ComparisonRow& row) {
  Json items = Json::array(), shares = Json::array();
  for (const Look& look : row.looks) {
    items.push_back(look.items);
    shares.push_back(number(look.share));
  }
  return {{"items", std::move(items)}, {"shares", std::move(shares)}, {"alpha", number(row.looks_alpha)}};
}

Json row_json(const Comparison& comparison, const ComparisonRow& row) {
  Json json = {{"id", row.id}, {"table", row.table}, {"label", render(row.label, Language::kEnglish)}, {"labels", both_languages(row.label)}};
  if (!row.language.empty()) json["language"] = row.language;
  const bool measured = row.verdict != Verdict::kNotMeasured;
  json["a"] = measured ? value_json(row.a) : Json(nullptr);
  json["b"] = measured ? value_json(row.b) : Json(nullptr);
  json["shown"] = {{"a", row.a.text}, {"b", row.b.text}};
  json["slow_end"] = row.a.slow_end ? Json{{"a", slow_end_json(row.a)}, {"b", slow_end_json(row.b)}} : Json(nullptr);
  json["difference"] = row.effect_kind == Effect::kDifference ? number(row.effect) : Json(nullptr);
  json["ratio"] = row.effect_kind == Effect::kRatio ? number(row.effect) : Json(nullptr);
  json["interval"] = row.interval ? interval_json(*row.interval) : Json(nullptr);
  json["margin"] = optional_json(row.margin);
  json["p"] = optional_json(row.p);
  json["p_adjusted"] = optional_json(row.p_adjusted);
  json["p_equivalent"] = optional_json(row.p_equivalent);
  json["probability"] = optional_json(row.probability);
  json["chance"] = optional_json(row.chance);
  json["at_chance"] = row.chance ? Json{{"a", row.a.at_chance}, {"b", row.b.at_chance}} : Json(nullptr);
  if (!row.looks.empty()) json["looks"] = looks_json(row);
  json["verdict"] = verdict_name(row.verdict);
  json["more_items"] = row.more_items && row.verdict == Verdict::kTooFew ? Json(*row.more_items) : Json(nullptr);
  if (!row.reason.empty()) {
    json["reason"] = render(row.reason, Language::kEnglish);
    json["reasons"] = both_languages(row.reason);
  }
  json["records"] = records_json(comparison, row);
  return json;
}

}  // namespace

Json bench_json(const BenchDevice& device, const std::vector<BenchRow>& rows) {
  Json json = {{"cpu", device.cpu}, {"isa", device.isa}, {"threads", device.threads}, {"read_gb_per_s", number(device.read_gb_per_s)},
               {"share_on_fewer_threads", number(device.share_on_fewer_threads)}};
  json["rows"] = Json::array();
  for (const BenchRow& row : rows) {
    json["rows"].push_back(
        {{"work", work_name(row.work)},
         {"tokens", row.tokens},
         {"depth", row.depth},
         {"sequences", row.sequences},
         {"tokens_per_second",
          {{"median", number(row.median_rate())}, {"min", number(row.lowest_rate())}, {"max", number(row.highest_rate())}}}});
  }
  return json;
}

Json perplexity_json(const Perplexity& perplexity) {
  return {{"perplexity", number(perplexity.perplexity)},
          {"standard_error", number(perplexity.standard_error)},
          {"bits_per_byte", number(perplexity.bits_per_byte)},
          {"tokens", perplexity.tokens}};
}

Json comparison_json(const Comparison& comparison) {
  Json json = {{"tier", comparison.tier},
               {"device", {{"cpu", comparison.cpu}, {"isa", comparison.isa}, {"threads", comparison.threads}}},
               {"models", Json::array({model_json(comparison.a), model_json(comparison.b)})},
               {"sources", comparison.sources},
               {"seed", comparison.seed},
               {"seconds", number(comparison.seconds)},
               {"share_on_fewer_threads", number(comparison.share_on_fewer_threads)},
               {"interrupted", comparison.interrupted}};
  json["warnings"] = Json::array();
  for (const Message& warning : comparison.warnings) json["warnings"].push_back(render(warning, Language::kEnglish));
  json["rows"] = Json::array();
  for (const ComparisonRow& row : comparison.rows) json["rows"].push_back(row_json(comparison, row));
  return json;
}

}  // namespace slm::lab
