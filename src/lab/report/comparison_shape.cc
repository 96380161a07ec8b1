#include "lab/report/comparison_shape.h"

#include <algorithm>
#include <map>

#include "base/json.h"
#include "lab/comparison.h"

namespace slm::lab {
namespace {

using Test = bool (*)(const Json&);

bool is_text(const Json& value) { return value.is_string(); }
bool is_number_or_null(const Json& value) { return value.is_number() || value.is_null(); }
bool is_value(const Json& value) { return value.is_number() || value.is_string() || value.is_null(); }
bool is_list(const Json& value) { return value.is_array(); }
bool is_item(const Json& value) { return value.is_number_unsigned() || (value.is_number_integer() && value.get<int64_t>() >= 0); }
bool is_grade(const Json& value) { return value.is_boolean() || is_number_or_null(value); }
bool is_text_or_null(const Json& value) { return value.is_string() || value.is_null(); }
bool is_interval(const Json& value) {
  return value.is_null() || (value.is_array() && value.size() == 2 && is_number_or_null(value[0]) && is_number_or_null(value[1]));
}
bool is_texts(const Json& value) { return value.is_object() && std::all_of(value.begin(), value.end(), is_text); }
bool is_texts_list(const Json& value) { return value.is_array() && std::all_of(value.begin(), value.end(), is_text); }

// As many shares of the plan as numbers of items, both ascending as time goes by.
bool is_looks(const Json& value) {
  if (!value.is_object()) return false;
  const Json items = value.value("items", Json()), shares = value.value("shares", Json()), alpha = value.value("alpha", Json());
  if (!items.is_array() || !shares.is_array() || items.size() != shares.size() || !alpha.is_number()) return false;
  if (!(alpha.get<double>() > 0 && alpha.get<double>() < 1)) return false;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is_number_unsigned() || !shares[i].is_number() || !(shares[i].get<double>() >= 0 && shares[i].get<double>() <= 1)) return false;
    if (i > 0 && items[i].get<uint64_t>() < items[i - 1].get<uint64_t>()) return false;
  }
  return true;
}

struct Key {
  const char* name;
  Test test;
  bool required = true;
};

constexpr Key kComparisonKeys[] = {{"device", [](const Json& value) { return value.is_object(); }},
                                   {"models", [](const Json& value) { return value.is_array() && value.size() == 2; }},
                                   {"rows", is_list},
                                   {"tier", is_text},
                                   {"seed", [](const Json& value) { return value.is_number_integer(); }},
                                   {"seconds", is_number_or_null},
                                   {"share_on_fewer_threads", is_number_or_null, false},
                                   {"sources", is_texts_list},
                                   {"article", is_list, false},
                                   {"time", is_text, false}};
constexpr Key kDeviceKeys[] = {{"cpu", is_text}, {"isa", is_text}, {"threads", [](const Json& value) { return value.is_number_integer(); }}};
constexpr Key kModelKeys[] = {{"name", is_text},         {"kind", is_text},
                              {"path", is_text, false},  {"sha256", is_text, false},
                              {"architecture", is_text, false}, {"quantization", is_text, false}, {"license", is_text, false},
                              {"endpoint", is_text, false},
                              {"most_bytes", [](const Json& value) { return value.is_object() && is_text(value.value("type", Json())); }, false}};
constexpr Key kRowKeys[] = {{"id", is_text},
                            {"table", is_text},
                            {"label", is_text},
                            {"labels", is_texts, false},
                            {"a", is_value},
                            {"b", is_value},
                            {"shown", is_texts, false},
                            {"difference", is_number_or_null},
                            {"ratio", is_number_or_null},
                            {"interval", is_interval},
                            {"margin", is_number_or_null, false},
                            {"p", is_number_or_null},
                            {"p_adjusted", is_number_or_null, false},
                            {"probability", is_number_or_null, false},
                            {"chance", is_number_or_null, false},
                            {"more_items", is_number_or_null, false},
                            {"verdict", is_text},
                            {"reason", is_text, false},
                            {"reasons", is_texts, false},
                            {"language", is_text, false},
                            {"looks", is_looks, false},
                            {"records", is_list}};
constexpr Key kRecordKeys[] = {{"item", is_item}, {"model", is_text}, {"prompt", is_text, false}, {"answer", is_text, false}, {"grade", is_grade},
                               {"weight", [](const Json& value) { return value.is_number() && value.get<double>() > 0; }, false},
                               {"transcript", is_text_or_null}};
constexpr Key kClaimKeys[] = {{"claim", is_text}, {"quote", is_text}, {"verdict", is_text},
                              {"evidence", [](const Json&) { return true; }}, {"rows", is_texts_list, false}};

template <size_t N>
Status check_keys(const Json& object, const Key (&keys)[N], const std::string& place) {
  if (!object.is_object()) return fail(ErrorKind::kCorrupt, "lab.report.bad_key", place.empty() ? "." : place);
  for (const Key& key : keys) {
    const auto found = object.find(key.name);
    if (found == object.end() ? key.required : !key.test(*found)) {
      return fail(ErrorKind::kCorrupt, "lab.report.bad_key", (place.empty() ? "" : place + ".") + key.name);
    }
  }
  return {};
}

Status check_row(const Json& comparison, const Json& row, const std::string& place) {
  SLM_TRY_STATUS(check_keys(row, kRowKeys, place));
  const Json& records = row["records"];
  for (size_t i = 0; i < records.size(); ++i) {
    const std::string record_place = place + ".records[" + std::to_string(i) + "]";
    SLM_TRY_STATUS(check_keys(records[i], kRecordKeys, record_place));
    const Json &model = records[i]["model"], &models = comparison["models"];
    if (model != models[0]["name"] && model != models[1]["name"]) {
      return fail(ErrorKind::kCorrupt, "lab.report.bad_key", record_place + ".model");
    }
  }
  return {};
}

std::string in_language(const Json& row, const char* texts, const char* text, Language language) {
  const char* code = language == Language::kChinese ? "zh" : "en";
  if (const auto both = row.find(texts); both != row.end() && both->contains(code)) return (*both)[code].get<std::string>();
  const auto one = row.find(text);
  return one == row.end() ? "" : one->get<std::string>();
}

}  // namespace

Status check_comparison(const Json& comparison) {
  SLM_TRY_STATUS(check_keys(comparison, kComparisonKeys, ""));
  SLM_TRY_STATUS(check_keys(comparison["device"], kDeviceKeys, "device"));
  const auto place = [](const char* list, size_t i) { return std::string(list) + "[" + std::to_string(i) + "]"; };
  for (size_t i = 0; i < 2; ++i) SLM_TRY_STATUS(check_keys(comparison["models"][i], kModelKeys, place("models", i)));
  for (size_t i = 0; i < comparison["rows"].size(); ++i) {
    SLM_TRY_STATUS(check_row(comparison, comparison["rows"][i], place("rows", i)));
  }
  const auto article = comparison.find("article");
  for (size_t i = 0; article != comparison.end() && i < article->size(); ++i) {
    SLM_TRY_STATUS(check_keys((*article)[i], kClaimKeys, place("article", i)));
  }
  return {};
}

std::string row_label(const Json& row, Language language) { return in_language(row, "labels", "label", language); }

std::string row_reason(const Json& row, Language language) { return in_language(row, "reasons", "reason", language); }

std::string row_shown(const Json& row, std::string_view side) {
  const std::string key(side);
  if (const auto shown = row.find("shown"); shown != row.end() && shown->contains(key)) return (*shown)[key].get<std::string>();
  const Json& value = row[key];
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? format_figure(value.get<double>()) : "-";
}

std::string verdict_text(const std::string& verdict) {
  static constexpr std::pair<std::string_view, std::string_view> kTexts[] = {
      {"better", "lab.report.page.verdict.better"},
      {"worse", "lab.report.page.verdict.worse"},
      {"likely_better", "lab.report.page.verdict.likely_better"},
      {"likely_worse", "lab.report.page.verdict.likely_worse"},
      {"no_difference", "lab.report.page.verdict.no_difference"},
      {"too_few", "lab.report.page.verdict.too_few"},
      {"not_measured", "lab.report.page.verdict.not_measured"}};
  if (verdict == "fact") return "";
  for (const auto& [word, key] : kTexts) {
    if (word == verdict) return tr(key);
  }
  return verdict;
}

bool has_right_and_wrong(const Json& row) {
  const Json& records = row["records"];
  return std::any_of(records.begin(), records.end(), [](const Json& record) { return record["grade"].is_boolean(); });
}

std::string sides_of_records(const Json& comparison, const Json& row) {
  const Json &a = comparison["models"][0]["name"], &b = comparison["models"][1]["name"];
  std::map<uint64_t, bool> odd;  // by item, for two models of one name
  std::string sides;
  for (const Json& record : row["records"]) {
    bool is_a = record["model"] == a;
    if (a == b) {
      bool& seen = odd[record["item"].get<uint64_t>()];
      is_a = !seen;
      seen = !seen;
    }
    sides += is_a ? 'a' : 'b';
  }
  return sides;
}

}  // namespace slm::lab
