#include "lab/report/diff.h"

#include <map>

#include "base/json.h"
#include "lab/report/comparison_shape.h"
#include "lab/text_table.h"

namespace slm::lab {
namespace {

const Json* find_row(const Json& comparison, const Json& like) {
  for (const Json& row : comparison["rows"]) {
    if (row["id"] == like["id"] && row["table"] == like["table"]) return &row;
  }
  return nullptr;
}

Json state_of(const Json* row) {
  if (row == nullptr) return nullptr;
  Json state = Json::object();
  for (const char* key : {"a", "b", "difference", "ratio", "interval", "p", "verdict"}) state[key] = (*row)[key];
  state["shown"] = {{"a", row_shown(*row, "a")}, {"b", row_shown(*row, "b")}};
  return state;
}

// Item -> right, of one model.
std::map<uint64_t, bool> answers_of(const Json& comparison, const Json& row, char side) {
  std::map<uint64_t, bool> answers;
  const std::string sides = sides_of_records(comparison, row);
  for (size_t i = 0; i < sides.size(); ++i) {
    const Json& record = row["records"][i];
    if (sides[i] == side && record["grade"].is_boolean()) answers.emplace(record["item"].get<uint64_t>(), record["grade"].get<bool>());
  }
  return answers;
}

struct Run {
  const Json& comparison;
  const Json& row;
};

Json turned_items(const Run& before, const Run& after, char side) {
  const auto then = answers_of(before.comparison, before.row, side), now = answers_of(after.comparison, after.row, side);
  int64_t shared = 0, gained = 0, lost = 0;
  for (const auto& [item, was_right] : then) {
    const auto found = now.find(item);
    if (found == now.end()) continue;
    ++shared;
    gained += !was_right && found->second ? 1 : 0;
    lost += was_right && !found->second ? 1 : 0;
  }
  return {{"shared", shared}, {"gained", gained}, {"lost", lost}};
}

Json row_diff(const Json& before, const Json& after, const Json& like) {
  const Json *was = find_row(before, like), *is = find_row(after, like);
  Json row = {{"id", like["id"]}, {"table", like["table"]}, {"label", like["label"]}};
  row["labels"] = {{"en", row_label(like, Language::kEnglish)}, {"zh", row_label(like, Language::kChinese)}};
  row["before"] = state_of(was);
  row["after"] = state_of(is);
  row["verdict_changed"] = was != nullptr && is != nullptr && (*was)["verdict"] != (*is)["verdict"];
  row["items"] = nullptr;
  if (was != nullptr && is != nullptr && has_right_and_wrong(*was) && has_right_and_wrong(*is)) {
    const Run then{before, *was}, now{after, *is};
    row["items"] = {{"a", turned_items(then, now, 'a')}, {"b", turned_items(then, now, 'b')}};
  }
  return row;
}

std::string shown_change(const Json& row, const char* side) {
  const auto shown = [&](const char* when) { return row[when].is_null() ? "-" : row[when]["shown"][side].get<std::string>(); };
  std::string text = shown("before") + " -> " + shown("after");
  if (!row["items"].is_null()) {
    const Json& items = row["items"][side];
    text += " (+" + to_text(items["gained"]) + " -" + to_text(items["lost"]) + ")";
  }
  return text;
}

std::string verdict_change(const Json& row) {
  const auto verdict = [&](const char* when) { return row[when].is_null() ? "-" : verdict_text(row[when]["verdict"].get<std::string>()); };
  const std::string was = verdict("before"), is = verdict("after");
  return was == is ? is : was + " -> " + is;
}

}  // namespace

Result<Json> diff_comparisons(const Json& before, const Json& after) {
  SLM_TRY_STATUS(check_comparison(before));
  SLM_TRY_STATUS(check_comparison(after));
  Json diff = {{"models", Json::array()}, {"same_device", before["device"] == after["device"]}, {"rows", Json::array()}};
  for (size_t i = 0; i < 2; ++i) {
    const Json &was = before["models"][i], &is = after["models"][i];
    if (was["name"] != is["name"]) {
      return fail(ErrorKind::kUsage, "lab.report.other_pair", was["name"].get<std::string>(), is["name"].get<std::string>());
    }
    diff["models"].push_back({{"name", is["name"]}, {"same_file", !is.value("sha256", "").empty() && was.value("sha256", "") == is.value("sha256", "")}});
  }
  for (const Json& row : before["rows"]) diff["rows"].push_back(row_diff(before, after, row));
  for (const Json& row : after["rows"]) {
    if (find_row(before, row) == nullptr) diff["rows"].push_back(row_diff(before, after, row));
  }
  return diff;
}

std::string diff_table(const Json& diff) {
  TextTable table({18, 18, 18, 13});  // with the frame: 80 columns
  table.add_line();
  for (size_t i = 0; i < 2; ++i) {
    const Json& model = diff["models"][i];
    const std::string file = model["same_file"].get<bool>() ? "" : " (" + tr("lab.report.other_file") + ")";
    table.add_row({(i == 0 ? "A: " : "B: ") + model["name"].get<std::string>() + file});
  }
  if (!diff["same_device"].get<bool>()) table.add_row({tr("lab.report.other_device")});
  table.add_line();
  table.add_row({"", "A", "B", tr("lab.report.page.verdict")});
  table.add_line();
  for (const Json& row : diff["rows"]) {
    table.add_row({row["labels"][language() == Language::kChinese ? "zh" : "en"].get<std::string>(), shown_change(row, "a"),
                   shown_change(row, "b"), verdict_change(row)});
  }
  table.add_line();
  return table.render();
}

}  // namespace slm::lab
