#include "lab/report/merge.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "base/json.h"
#include "lab/comparison.h"
#include "lab/report/comparison_shape.h"
#include "lab/report/merged_looks.h"
#include "lab/report/read_comparison.h"
#include "lab/report_json.h"

namespace slm::lab {
namespace {

// One run, read, beside the JSON that has its texts in both languages.
struct ReadRun {
  int64_t id = 0;
  const Json* json = nullptr;
  Comparison comparison;
};

// The same row in one of the runs.
struct Occurrence {
  const ReadRun* run = nullptr;
  size_t index = 0;

  const ComparisonRow& row() const { return run->comparison.rows[index]; }
  const Json& json() const { return (*run->json)["rows"][index]; }
};
using Occurrences = std::vector<Occurrence>;

// A row that could not be merged: why.
using Merged = tl::expected<ComparisonRow, Message>;
tl::unexpected<Message> cannot(Message why) { return tl::unexpected<Message>(std::move(why)); }

// Items in ascending order, each with the record of either side.
struct JoinedItem {
  const ItemRecord *a = nullptr, *b = nullptr;
};
using JoinedItems = std::map<uint32_t, JoinedItem>;

tl::expected<JoinedItems, Message> join_items(const Occurrences& rows) {
  JoinedItems items;
  for (const Occurrence& one : rows) {
    for (const ItemRecord& record : one.row().records) {
      JoinedItem& item = items[record.item];
      const ItemRecord*& place = record.model == 'a' ? item.a : item.b;
      if (place != nullptr && place->grade != record.grade) {
        return cannot(msg("lab.report.merge_item", record.item, record.model == 'a' ? "A" : "B"));
      }
      if (place == nullptr) place = &record;
    }
  }
  std::erase_if(items, [](const auto& entry) { return entry.second.a == nullptr || entry.second.b == nullptr; });
  if (items.empty()) return cannot(msg("lab.report.merge_nothing"));
  return items;
}

void take_records(ComparisonRow& row, const JoinedItems& items) {
  row.records.clear();
  for (const auto& [number, item] : items) {
    row.records.push_back(*item.a);
    row.records.push_back(*item.b);
  }
}

// A run's items that are in `joined`, in its own order.
LookedAnswers looked_answers(const ComparisonRow& row, const JoinedItems& joined) {
  LookedAnswers answers;
  answers.looks = row.looks;
  for (const ItemRecord& record : row.records) {
    const auto item = joined.find(record.item);
    if (record.model != 'a' || item == joined.end()) continue;
    answers.items.push_back(record.item);
    answers.a.push_back(item->second.a->grade != 0);
    answers.b.push_back(item->second.b->grade != 0);
  }
  return answers;
}

// As one run of all the items would have been judged that was looked at when these were.
void take_looks(ComparisonRow& row, const Occurrences& rows, const JoinedItems& items) {
  std::vector<LookedAnswers> runs;
  for (const Occurrence& one : rows) {
    if (!one.row().looks.empty()) row.looks_alpha = row.looks.empty() ? one.row().looks_alpha : std::min(row.looks_alpha, one.row().looks_alpha);
    runs.push_back(looked_answers(one.row(), items));
  }
  row.looks = join_looks(runs);
  if (row.looks.empty()) return;
  std::vector<ItemRecord> records;
  std::set<uint32_t> taken;
  for (const LookedAnswers& run : runs) {
    for (const uint32_t number : run.items) {
      if (!taken.insert(number).second) continue;
      records.push_back(*items.at(number).a);
      records.push_back(*items.at(number).b);
    }
  }
  row.records = std::move(records);
}

Merged merge_answers(const Occurrences& rows) {
  const auto items = join_items(rows);
  if (!items) return cannot(items.error());
  std::vector<bool> a, b;
  for (const auto& [number, item] : *items) {
    a.push_back(item.a->grade != 0);
    b.push_back(item.b->grade != 0);
  }
  ComparisonRow row = rows.front().row();
  const PairedCounts counts = count_pairs(a, b);
  row.a = rate_value(counts.both + counts.only_a, counts.total());
  row.b = rate_value(counts.both + counts.only_b, counts.total());
  row.more_items.reset();
  take_records(row, *items);
  take_looks(row, rows, *items);
  judge_pairs(row, counts, row.chance, row.looks.empty() ? std::nullopt : std::optional(sequential_mcnemar(row.looks, row.looks_alpha).p));
  return row;
}

// Values of items, and what each weighs.
struct Sums {
  std::vector<double> a, b, weight;

  double value(const std::vector<double>& side) const {
    double sum = 0, whole = 0;
    for (size_t i = 0; i < weight.size(); ++i) {
      sum += side[i];
      whole += weight[i];
    }
    return sum / whole;
  }
};

enum class Weighing : uint8_t { kByBytes, kByRecord };

Sums sums_of(const JoinedItems& items, Weighing weighing) {
  Sums sums;
  for (const auto& [number, item] : items) {
    const double weight = weighing == Weighing::kByBytes ? static_cast<double>(item.a->transcript.size()) : item.a->weight;
    sums.a.push_back(item.a->grade * weight);
    sums.b.push_back(item.b->grade * weight);
    sums.weight.push_back(weight);
  }
  return sums;
}

// The weighing that gives each run's own two values again, or none.
std::optional<Weighing> weighing_of(const Occurrences& rows) {
  for (const Weighing weighing : {Weighing::kByBytes, Weighing::kByRecord}) {
    const auto gives_again = [&](const Occurrence& one) {
      const auto items = join_items({one});
      if (!items || !one.row().a.number || !one.row().b.number) return false;
      const Sums sums = sums_of(*items, weighing);
      if (std::find(sums.weight.begin(), sums.weight.end(), 0.0) != sums.weight.end()) return false;
      const auto near = [](double x, double y) { return std::abs(x - y) <= 1e-9 * std::max(1.0, std::abs(y)); };
      return near(sums.value(sums.a), *one.row().a.number) && near(sums.value(sums.b), *one.row().b.number);
    };
    if (std::all_of(rows.begin(), rows.end(), gives_again)) return weighing;
  }
  return std::nullopt;
}

// Which way is better follows from who probably is: an effect above `none` that speaks for A means more is better.
std::optional<Direction> direction_of(const Occurrences& rows, double none) {
  for (const Occurrence& one : rows) {
    const ComparisonRow& row = one.row();
    if (!row.probability || *row.probability == 0.5 || row.effect == none) continue;
    return (row.effect > none) == (*row.probability > 0.5) ? Direction::kMoreIsBetter : Direction::kLessIsBetter;
  }
  return std::nullopt;
}

Merged merge_sums(const Occurrences& rows, uint64_t seed) {
  const std::optional<Weighing> weighing = weighing_of(rows);
  const std::optional<Direction> direction = direction_of(rows, 0);
  if (!weighing || !direction) return cannot(msg("lab.report.merge_records"));
  const auto items = join_items(rows);
  if (!items) return cannot(items.error());
  const Sums sums = sums_of(*items, *weighing);
  ComparisonRow row = rows.front().row();
  const double a = sums.value(sums.a), b = sums.value(sums.b);
  row.a = {format_figure(a), a};
  row.b = {format_figure(b), b};
  row.more_items.reset();
  const double margin = *weighing == Weighing::kByBytes ? kBitsMargin * b : row.margin.value_or(kScoreMargin);
  if (!(margin > 0)) return cannot(msg("lab.report.merge_records"));
  judge_sums(row, {sums.a, sums.b, sums.weight}, *direction, margin, seed);
  take_records(row, *items);
  return row;
}

Merged merge_timed_runs(const Occurrences& rows, uint64_t seed) {
  const auto& device = (*rows.front().run->json)["device"];
  for (const Occurrence& one : rows) {
    if ((*one.run->json)["device"] != device) return cannot(msg("lab.report.merge_device", rows.front().run->id, one.run->id));
  }
  const std::optional<Direction> direction = direction_of(rows, 1);
  TimedRuns runs;
  ComparisonRow row = rows.front().row();
  row.records.clear();
  for (const Occurrence& one : rows) {
    for (ItemRecord record : one.row().records) {
      if (!(record.grade > 0)) return cannot(msg("lab.report.merge_records"));
      std::vector<double>& side = record.model == 'a' ? runs.a : runs.b;
      record.item = static_cast<uint32_t>(side.size());
      side.push_back(record.grade);
      row.records.push_back(std::move(record));
    }
  }
  if (!direction || runs.a.empty() || runs.b.empty()) return cannot(msg("lab.report.merge_records"));
  const double a = median(runs.a), b = median(runs.b);
  row.a = {format_figure(a), a};
  row.b = {format_figure(b), b};
  row.more_items.reset();
  judge_runs(row, runs, *direction, seed);
  return row;
}

Merged merge_figures(const Occurrences& rows) {
  ComparisonRow row = rows.front().row();
  // Of a measured peak the larger one counts; facts are not measured alike.
  const bool is_memory = row.verdict != Verdict::kFact && row.id.find("memory") != std::string::npos;
  for (const Occurrence& one : rows) {
    for (const auto& [kept, now] : {std::pair{&row.a, &one.row().a}, {&row.b, &one.row().b}}) {
      if (kept->number == now->number && kept->text == now->text) continue;
      if (!is_memory || !kept->number || !now->number) {
        return cannot(msg("lab.report.merge_figure", rows.front().run->id, one.run->id, kept->text, now->text));
      }
      if (*now->number > *kept->number) *kept = *now;
    }
  }
  if (is_memory && row.a.number && row.b.number) {
    row.verdict = verdict_of_figures(*row.a.number, *row.b.number, Direction::kLessIsBetter, kMemoryMargin);
    if (row.effect_kind == Effect::kRatio) row.effect = *row.a.number / *row.b.number;
  }
  return row;
}

Merged merge_row(const Occurrences& rows, uint64_t seed) {
  const auto all = [&](const auto& test) { return std::all_of(rows.begin(), rows.end(), [&](const Occurrence& one) { return test(one.row()); }); };
  if (all([](const ComparisonRow& row) { return row.records.empty() || row.verdict == Verdict::kFact; })) return merge_figures(rows);
  if (all([](const ComparisonRow& row) { return row.is_rate; })) return merge_answers(rows);
  const auto measured_as = [](Effect kind) { return [kind](const ComparisonRow& row) { return !row.is_rate && row.effect_kind == kind; }; };
  if (all(measured_as(Effect::kRatio))) return merge_timed_runs(rows, seed);
  if (all(measured_as(Effect::kDifference))) return merge_sums(rows, seed);
  return cannot(msg("lab.report.merge_records"));
}

// "HellaSwag (100), %" with as many items as the row now has.
std::string with_count(std::string label, size_t before, size_t now) {
  const std::string old = "(" + std::to_string(before);
  const size_t at = label.find(old);
  const size_t end = at + old.size();
  if (at == std::string::npos || (end < label.size() && std::isdigit(static_cast<unsigned char>(label[end])))) return label;
  return label.replace(at, old.size(), "(" + std::to_string(now));
}

// What the JSON of a row takes over from a run: its texts in both languages, which a read row has in one only.
void take_texts(Json& json, const Occurrence& from, const ComparisonRow& row, const Message& why) {
  const size_t before = from.json()["records"].size() / 2, now = row.records.size() / 2;
  json["labels"] = {{"en", with_count(row_label(from.json(), Language::kEnglish), before, now)},
                    {"zh", with_count(row_label(from.json(), Language::kChinese), before, now)}};
  json["label"] = json["labels"]["en"];
  if (!json.contains("reason")) return;
  const auto reason = [&](Language language) { return why.empty() ? row_reason(from.json(), language) : render(why, language); };
  json["reasons"] = {{"en", reason(Language::kEnglish)}, {"zh", reason(Language::kChinese)}};
  json["reason"] = json["reasons"]["en"];
}

Status same_models(const ReadRun& first, const ReadRun& other) {
  for (size_t i = 0; i < 2; ++i) {
    const Json &a = (*first.json)["models"][i], &b = (*other.json)["models"][i];
    // One digest is one file, whatever it was called.
    const bool is_one_file = !a.value("sha256", "").empty();
    for (const char* key : {"name", "sha256", "bytes", "kind", "quantization", "endpoint"}) {
      if (is_one_file && std::string_view(key) == "quantization") continue;
      if (a.value(key, Json()) != b.value(key, Json())) {
        return fail(ErrorKind::kUsage, "lab.report.merge_models", first.id, other.id, i == 0 ? "A" : "B", key);
      }
    }
  }
  return {};
}

// The rows of all runs by table and id, in the order in which they first occur.
std::vector<Occurrences> rows_of(const std::vector<ReadRun>& runs) {
  std::vector<Occurrences> rows;
  for (const ReadRun& run : runs) {
    for (size_t i = 0; i < run.comparison.rows.size(); ++i) {
      const ComparisonRow& row = run.comparison.rows[i];
      const auto same = std::find_if(rows.begin(), rows.end(), [&](const Occurrences& one) {
        return one.front().row().table == row.table && one.front().row().id == row.id;
      });
      (same == rows.end() ? *rows.insert(rows.end(), Occurrences{}) : *same).push_back({&run, i});
    }
  }
  return rows;
}

// Sets what is not of a single row.
Comparison frame_of(const std::vector<ReadRun>& runs) {
  Comparison merged = runs.front().comparison;
  merged.rows.clear();
  merged.tier = "merged";
  for (size_t i = 1; i < runs.size(); ++i) {
    merged.seconds += runs[i].comparison.seconds;
    merged.share_on_fewer_threads = std::max(merged.share_on_fewer_threads, runs[i].comparison.share_on_fewer_threads);
    for (const std::string& source : runs[i].comparison.sources) {
      if (std::find(merged.sources.begin(), merged.sources.end(), source) == merged.sources.end()) merged.sources.push_back(source);
    }
  }
  return merged;
}

}  // namespace

Result<Json> merge_comparisons(const std::vector<RunToMerge>& given) {
  if (given.size() < 2) return fail(ErrorKind::kUsage, "lab.report.merge_two");
  std::vector<ReadRun> runs;
  for (const RunToMerge& one : given) {
    SLM_TRY(comparison, read_comparison(*one.comparison));
    runs.push_back({one.id, one.comparison, std::move(comparison)});
    SLM_TRY_STATUS(same_models(runs.front(), runs.back()));
  }
  Comparison merged = frame_of(runs);
  struct Origin {
    Occurrence from;
    Message why;  // not merged
  };
  std::vector<Origin> origins;
  for (const Occurrences& all : rows_of(runs)) {
    Occurrences measured;
    std::copy_if(all.begin(), all.end(), std::back_inserter(measured), [](const Occurrence& one) { return one.row().verdict != Verdict::kNotMeasured; });
    const Occurrences& rows = measured.empty() ? all : measured;
    const Merged row = measured.size() < 2 ? Merged(rows.front().row()) : merge_row(measured, merged.seed);
    const ComparisonRow& first = rows.front().row();
    merged.rows.push_back(row ? *row : unmeasured_row(first.id, first.table, first.label, row.error()));
    origins.push_back({rows.front(), row ? Message{} : row.error()});
  }
  judge_together(merged.rows);
  Json json = comparison_json(merged);
  for (size_t i = 0; i < origins.size(); ++i) take_texts(json["rows"][i], origins[i].from, merged.rows[i], origins[i].why);
  json["merged_from"] = Json::array();
  for (const ReadRun& run : runs) json["merged_from"].push_back(run.id);
  return json;
}

}  // namespace slm::lab
