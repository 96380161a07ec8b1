#include "lab/report/read_comparison.h"

#include <algorithm>
#include <limits>

#include "base/json.h"
#include "lab/report/comparison_shape.h"

namespace slm::lab {
namespace {

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<double> number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

uint64_t count_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() && *found >= 0 ? found->get<uint64_t>() : 0;
}

uint32_t small_count(uint64_t count) { return static_cast<uint32_t>(std::min<uint64_t>(count, std::numeric_limits<uint32_t>::max())); }

// A text that came with the comparison, as a message.
Message given(const std::string& text) { return text.empty() ? Message{} : msg("lab.report.given", text); }

std::optional<Verdict> verdict_of_name(const std::string& name) {
  for (const Verdict verdict : {Verdict::kBetter, Verdict::kWorse, Verdict::kLikelyBetter, Verdict::kLikelyWorse, Verdict::kNoDifference,
                                Verdict::kTooFew, Verdict::kFact, Verdict::kNotMeasured}) {
    if (verdict_name(verdict) == name) return verdict;
  }
  return std::nullopt;
}

ComparedModel read_model(const Json& json) {
  ComparedModel model;
  model.name = text_at(json, "name");
  model.path = text_at(json, "path");
  model.sha256 = text_at(json, "sha256");
  model.architecture = text_at(json, "architecture");
  model.quantization.name = text_at(json, "quantization");
  if (const auto mixed = json.find("most_bytes"); mixed != json.end()) {
    model.quantization.most_bytes = text_at(*mixed, "type");
    model.quantization.share = number_at(*mixed, "share").value_or(0);
  }
  model.license = text_at(json, "license");
  model.bytes = count_at(json, "bytes");
  model.parameters = count_at(json, "parameters");
  model.context = small_count(count_at(json, "context"));
  model.endpoint = text_at(json, "endpoint");
  model.is_instruct = text_at(json, "kind") == "instruct";
  return model;
}

// Nothing where an end is no number.
std::optional<Interval> read_interval(const Json& json) {
  if (!json.is_array() || json.size() != 2 || !json[0].is_number() || !json[1].is_number()) return std::nullopt;
  return Interval{json[0].get<double>(), json[1].get<double>()};
}

Value read_value(const Json& row, const char* side) {
  Value value{row_shown(row, side), number_at(row, side)};
  const auto guesses = row.find("at_chance");
  if (guesses != row.end() && guesses->is_object() && guesses->contains(side)) value.at_chance = (*guesses)[side] == true;
  const auto ends = row.find("slow_end");
  if (ends == row.end() || !ends->is_object() || !ends->contains(side) || !(*ends)[side].is_object()) return value;
  const Json& end = (*ends)[side];
  const auto interval = end.find("interval");
  const auto at = number_at(end, "value");
  if (at && interval != end.end()) {
    if (const auto range = read_interval(*interval)) value.slow_end = SlowEnd{*at, *range};
  }
  return value;
}

std::vector<ItemRecord> read_records(const Json& comparison, const Json& row) {
  std::vector<ItemRecord> records;
  const std::string sides = sides_of_records(comparison, row);
  for (size_t i = 0; i < sides.size(); ++i) {
    const Json &json = row["records"][i], &grade = json["grade"];
    ItemRecord record;
    record.item = small_count(json["item"].get<uint64_t>());
    record.model = sides[i];
    record.answer = text_at(json, "answer");
    if (grade.is_boolean()) {
      record.grade = grade.get<bool>() ? 1 : 0;
    } else {
      record.grade = grade.is_number() ? grade.get<double>() : std::numeric_limits<double>::quiet_NaN();
    }
    record.weight = number_at(json, "weight").value_or(1);
    record.transcript = text_at(json, "transcript");
    record.prompt = text_at(json, "prompt");
    records.push_back(std::move(record));
  }
  return records;
}

// Who was right at each of them the records tell.
void read_looks(const Json& json, ComparisonRow& row) {
  row.looks_alpha = json["alpha"].get<double>();
  for (size_t i = 0; i < json["items"].size(); ++i) row.looks.push_back({0, 0, json["shares"][i].get<double>(), json["items"][i].get<uint64_t>()});
}

Result<ComparisonRow> read_row(const Json& comparison, size_t index) {
  const Json& json = comparison["rows"][index];
  const std::optional<Verdict> verdict = verdict_of_name(text_at(json, "verdict"));
  if (!verdict) return fail(ErrorKind::kCorrupt, "lab.report.bad_key", "rows[" + std::to_string(index) + "].verdict");
  ComparisonRow row;
  row.id = text_at(json, "id");
  row.table = text_at(json, "table");
  row.language = text_at(json, "language");
  row.label = given(row_label(json, language()));
  row.a = read_value(json, "a");
  row.b = read_value(json, "b");
  for (const auto& [key, kind] : {std::pair{"ratio", Effect::kRatio}, {"difference", Effect::kDifference}}) {
    if (const auto effect = number_at(json, key)) {
      row.effect_kind = kind;
      row.effect = *effect;
    }
  }
  row.is_rate = has_right_and_wrong(json);
  row.interval = read_interval(json["interval"]);
  row.margin = number_at(json, "margin");
  row.p = number_at(json, "p");
  row.p_adjusted = number_at(json, "p_adjusted");
  row.p_equivalent = number_at(json, "p_equivalent");
  row.probability = number_at(json, "probability");
  row.chance = number_at(json, "chance");
  if (const uint64_t more = count_at(json, "more_items"); more > 0) row.more_items = more;
  row.verdict = *verdict;
  row.reason = given(row_reason(json, language()));
  row.records = read_records(comparison, json);
  if (json.contains("looks")) read_looks(json["looks"], row);
  return row;
}

}  // namespace

Result<Comparison> read_comparison(const Json& json) {
  SLM_TRY_STATUS(check_comparison(json));
  Comparison comparison;
  comparison.cpu = text_at(json["device"], "cpu");
  comparison.isa = text_at(json["device"], "isa");
  comparison.threads = static_cast<int>(small_count(count_at(json["device"], "threads")) & 0xFFFF);
  comparison.tier = text_at(json, "tier");
  comparison.a = read_model(json["models"][0]);
  comparison.b = read_model(json["models"][1]);
  for (const Json& source : json["sources"]) comparison.sources.push_back(source.get<std::string>());
  comparison.seed = count_at(json, "seed");
  comparison.seconds = number_at(json, "seconds").value_or(0);
  comparison.share_on_fewer_threads = number_at(json, "share_on_fewer_threads").value_or(0);
  for (size_t i = 0; i < json["rows"].size(); ++i) {
    SLM_TRY(row, read_row(json, i));
    comparison.rows.push_back(std::move(row));
  }
  return comparison;
}

}  // namespace slm::lab
