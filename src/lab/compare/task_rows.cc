#include "lab/compare/task_rows.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

namespace slm::lab {
namespace {

// Both records of an item that both were graded on.
struct GradedPair {
  const TaskRecord *a, *b;
};

std::vector<GradedPair> graded_pairs(const std::vector<TaskRecord>& a, const std::vector<TaskRecord>& b) {
  std::vector<GradedPair> pairs;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    SLM_CHECK(a[i].item == b[i].item);
    if (a[i].is_graded && b[i].is_graded) pairs.push_back({&a[i], &b[i]});
  }
  return pairs;
}

PairedCounts count(const std::vector<GradedPair>& pairs) {
  std::vector<bool> a, b;
  for (const GradedPair& pair : pairs) {
    a.push_back(pair.a->grade == 1);
    b.push_back(pair.b->grade == 1);
  }
  return count_pairs(a, b);
}

ItemRecord item_record(const TaskRecord& record, char model, double grade) {
  return {record.item, model, record.extracted.empty() ? record.answer : record.extracted, grade, record.transcript};
}

Value mean_value(const TaskScore& score) { return {format_figure(score.score), score.score}; }

void judge_scores(ComparisonRow& row, const std::vector<GradedPair>& pairs, uint64_t seed) {
  std::vector<double> a, b;
  for (const GradedPair& pair : pairs) {
    a.push_back(pair.a->grade);
    b.push_back(pair.b->grade);
  }
  const std::vector<double> weight(pairs.size(), 1);
  judge_sums(row, {a, b, weight}, Direction::kMoreIsBetter, kScoreMargin, seed);
}

ComparisonRow bits_row(const TaskPair& pair, const std::vector<GradedPair>& pairs, uint64_t seed) {
  PairedSentences sentences;
  for (const GradedPair& both : pairs) {
    sentences.ids.push_back(both.a->item);
    sentences.texts.push_back(both.a->transcript);
    sentences.a.push_back({both.a->grade, both.a->bytes});
    sentences.b.push_back({both.b->grade, both.b->bytes});
  }
  return sentences_row(pair.id, pair.label, sentences, seed);
}

struct WeightedGrade {
  double grade = 0, weight = 1;
};

WeightedGrade grade_by(const TaskRecord& record, const ComparedReading& reading) {
  if (reading.grader == nullptr) {
    const bool is_other = record.has_mark("wrong_language") || record.has_mark("empty") || record.has_mark("too_long");
    return {is_other ? 0.0 : 1.0};
  }
  for (const Reading& made : record.also) {
    if (made.name == reading.grader->name) return {made.grade, made.weight};
  }
  SLM_CHECK(false);  // every record has all further readings of its task
  return {};
}

// "34 [30, 38]" of values that a mean is made of, in the scale they have.
Value weighted_value(const std::vector<double>& sums, const std::vector<double>& weights, uint64_t seed) {
  const Bootstrap bootstrap = bootstrap_items(sums.size(), seed, [&](std::span<const size_t> items) {
    double sum = 0, weight = 0;
    for (const size_t i : items) {
      sum += sums[i];
      weight += weights[i];
    }
    return sum / weight;
  });
  const Interval interval = bootstrap.bca();
  return {fmt::format("{:.0f} [{:.0f}, {:.0f}]", bootstrap.estimate, interval.low, interval.high), bootstrap.estimate};
}

constexpr double kPoints = 100;  // a share in points of a hundred

void judge_weighted(ComparisonRow& row, double scale, uint64_t seed) {
  std::vector<double> a, b, weights;
  for (size_t i = 0; i < row.records.size(); i += 2) {
    weights.push_back(row.records[i].weight);
    a.push_back(row.records[i].grade * weights.back());
    b.push_back(row.records[i + 1].grade * weights.back());
  }
  row.a = weighted_value(a, weights, seed);
  row.b = weighted_value(b, weights, seed);
  judge_sums(row, {a, b, weights}, Direction::kMoreIsBetter, scale == kPoints ? kPoints * kRateMargin : kScoreMargin, seed);
}

void judge_rates(ComparisonRow& row) {
  std::vector<bool> a, b;
  for (size_t i = 0; i < row.records.size(); i += 2) {
    a.push_back(row.records[i].grade == 1);
    b.push_back(row.records[i + 1].grade == 1);
  }
  const PairedCounts counts = count_pairs(a, b);
  row.a = rate_value(counts.both + counts.only_a, counts.total());
  row.b = rate_value(counts.both + counts.only_b, counts.total());
  judge_pairs(row, counts);
}

std::vector<TaskRecord> side_of(const std::vector<GradedPair>& pairs, bool is_a) {
  std::vector<TaskRecord> records;
  for (const GradedPair& pair : pairs) records.push_back(is_a ? *pair.a : *pair.b);
  return records;
}

}  // namespace

std::string task_row_id(const Task& task, const TaskRow& row) { return row.id.empty() ? task.name : task.name + "_" + row.id; }

std::string reading_row_id(const Task& task, const TaskRow& row, const ComparedReading& reading) {
  return task.name + "_" + reading.id + (row.id.empty() ? "" : "." + row.id);
}

Message task_label(const Task& task, const TaskRow& row, uint64_t items) {
  // "FLORES-200: bits a sentence, 29 languages": the name is what a table has room for.
  const auto title = [&](const std::string& of_task, const std::string& of_row) {
    const std::string name = of_task.substr(0, of_task.find(": "));
    return of_row.empty() ? name : name + ", " + of_row;
  };
  const std::string english = title(task.title_en, row.title_en), chinese = title(task.title_zh, row.title_zh);
  if (task.kind == TaskKind::kBits) {
    return items > 0 ? msg("lab.row.bits_items", english, chinese, items) : msg("lab.row.bits", english, chinese);
  }
  return items > 0 ? msg("lab.row.task_items", english, chinese, items) : msg("lab.row.task", english, chinese);
}

PairedCounts count_records(const std::vector<TaskRecord>& a, const std::vector<TaskRecord>& b) { return count(graded_pairs(a, b)); }

ComparisonRow task_row(const TaskPair& pair, uint64_t seed) {
  const std::vector<GradedPair> pairs = graded_pairs(*pair.a, *pair.b);
  const std::string& table = pair.data->task->table;
  if (pairs.empty()) return unmeasured_row(pair.id, table, pair.label, msg("lab.reason.no_items"));
  if (pair.data->task->kind == TaskKind::kBits) return bits_row(pair, pairs, seed);

  const std::vector<TaskRecord> a = side_of(pairs, true), b = side_of(pairs, false);
  const TaskScore score_a = score_records(*pair.data->task, a, seed), score_b = score_records(*pair.data->task, b, seed);
  const bool are_rates = is_rate(*pair.data->task);
  ComparisonRow row = fact_row(pair.id, table, pair.label, mean_value(score_a), mean_value(score_b));
  if (are_rates) {
    const PairedCounts counts = count(pairs);
    row.a = rate_value(counts.both + counts.only_a, counts.total());
    row.b = rate_value(counts.both + counts.only_b, counts.total());
    std::optional<double> p_of_looks;
    if (!pair.looks.empty()) p_of_looks = sequential_mcnemar(pair.looks, pair.alpha).p;
    judge_pairs(row, counts, score_a.chance, p_of_looks);
    row.looks = pair.looks;
    row.looks_alpha = pair.alpha;
  } else {
    judge_scores(row, pairs, seed);
  }
  for (const GradedPair& both : pairs) {
    row.records.push_back(item_record(*both.a, 'a', both.a->grade));
    row.records.push_back(item_record(*both.b, 'b', both.b->grade));
  }
  return row;
}

std::vector<ComparisonRow> reading_rows(const TaskPair& pair, uint64_t seed) {
  const Task& task = *pair.data->task;
  const std::vector<GradedPair> pairs = graded_pairs(*pair.a, *pair.b);
  std::vector<ComparisonRow> rows;
  for (const ComparedReading& reading : task.compared) {
    const bool is_share = reading.grader != nullptr && reading.grader->is_share;
    const double scale = is_share ? kPoints : 1;
    const Message name = task_label(task, *pair.data->row, 0);
    const Message label = msg("lab.row.task_part", render(name, Language::kEnglish), render(name, Language::kChinese), reading.title_en,
                              reading.title_zh);
    ComparisonRow row = fact_row(reading_row_id(task, *pair.data->row, reading), task.table, label, {}, {});
    for (const GradedPair& both : pairs) {
      for (const auto& [record, model] : {std::pair{both.a, 'a'}, {both.b, 'b'}}) {
        const WeightedGrade made = grade_by(*record, reading);
        row.records.push_back(item_record(*record, model, scale * made.grade));
        row.records.back().weight = made.weight;
      }
    }
    if (pairs.empty()) row = unmeasured_row(row.id, task.table, label, msg("lab.reason.no_items"));
    else if (reading.grader == nullptr || reading.grader->is_rate) judge_rates(row);
    else judge_weighted(row, scale, seed);
    rows.push_back(std::move(row));
  }
  return rows;
}

namespace {

// One item in both languages, of one model.
struct Twins {
  std::vector<double> here, there;  // grades

  // Of rates: only_a is right here alone.
  PairedCounts counts() const {
    std::vector<bool> a, b;
    for (size_t i = 0; i < here.size(); ++i) {
      a.push_back(here[i] == 1);
      b.push_back(there[i] == 1);
    }
    return count_pairs(a, b);
  }
  double mean_gap(std::span<const size_t> items) const {
    double sum = 0;
    for (const size_t i : items) sum += here[i] - there[i];
    return sum / static_cast<double>(items.size());
  }
  double ratio(std::span<const size_t> items) const {
    double sum = 0, of_twins = 0;
    for (const size_t i : items) {
      sum += here[i];
      of_twins += there[i];
    }
    return sum / of_twins;
  }
};

// The items of both rows, in the order of the first.
struct JoinedTwins {
  std::vector<GradedPair> pairs;
  Twins a, b;
};

JoinedTwins join_twins(const TaskPair& pair, const TaskPair& twin) {
  std::map<uint32_t, GradedPair> there;
  for (const GradedPair& both : graded_pairs(*twin.a, *twin.b)) there[both.a->item] = both;
  JoinedTwins joined;
  for (const GradedPair& both : graded_pairs(*pair.a, *pair.b)) {
    const auto found = there.find(both.a->item);
    if (found == there.end()) continue;
    joined.pairs.push_back(both);
    joined.a.here.push_back(both.a->grade);
    joined.a.there.push_back(found->second.a->grade);
    joined.b.here.push_back(both.b->grade);
    joined.b.there.push_back(found->second.b->grade);
  }
  return joined;
}

Value points_value(const PairedCounts& counts) {
  const Interval interval = paired_difference_interval(counts);
  const double gap = (static_cast<double>(counts.only_a) - static_cast<double>(counts.only_b)) / static_cast<double>(counts.total());
  return {fmt::format("{:+.0f} [{:+.0f}, {:+.0f}]", kPoints * gap, kPoints * interval.low, kPoints * interval.high), kPoints * gap};
}

Value bootstrap_value(const Bootstrap& bootstrap) {
  const Interval interval = bootstrap.bca();
  return {fmt::format("{} [{}, {}]", format_figure(bootstrap.estimate), format_figure(interval.low), format_figure(interval.high)),
          bootstrap.estimate};
}

std::string mcnemar_text(const PairedCounts& counts) {
  const double p = mcnemar_exact(counts.only_a, counts.only_b);
  return p < 0.001 ? "<0.001" : fmt::format("={:.3f}", p);
}

Message gap_label(const RowData& here, const RowData& there, size_t items) {
  const Message name = task_label(*here.task, {}, 0);
  return msg("lab.row.gap", render(name, Language::kEnglish), render(name, Language::kChinese), here.row->title_en, here.row->title_zh,
             there.row->title_en, there.row->title_zh, items);
}

}  // namespace

ComparisonRow gap_row(const TaskPair& pair, const TaskPair& twin, uint64_t seed) {
  const Task& task = *pair.data->task;
  const JoinedTwins joined = join_twins(pair, twin);
  const size_t n = joined.pairs.size();
  const std::string id = task.name + "_gap." + pair.data->row->id;
  const Message label = gap_label(*pair.data, *twin.data, n);
  if (n == 0) return unmeasured_row(id, "language", label, msg("lab.reason.no_items"));

  const bool are_rates = is_rate(task), are_bits = task.kind == TaskKind::kBits;
  const double scale = are_rates ? kPoints : 1;
  const auto gap = [&](const Twins& twins, std::span<const size_t> items) { return are_bits ? twins.ratio(items) : scale * twins.mean_gap(items); };
  const auto value = [&](const Twins& twins) {
    if (are_rates) return points_value(twins.counts());
    return bootstrap_value(bootstrap_items(n, seed, [&](std::span<const size_t> items) { return gap(twins, items); }));
  };
  ComparisonRow row = fact_row(id, "language", label, value(joined.a), value(joined.b));
  const Bootstrap difference =
      bootstrap_items(n, seed, [&](std::span<const size_t> items) { return gap(joined.a, items) - gap(joined.b, items); });
  row.effect_kind = Effect::kDifference;
  row.effect = difference.estimate;
  row.interval = difference.bca();
  if (are_rates) row.reason = msg("lab.row.gap_p", mcnemar_text(joined.a.counts()), mcnemar_text(joined.b.counts()));
  for (size_t i = 0; i < n; ++i) {
    for (const auto& [record, twins, model] : {std::tuple{joined.pairs[i].a, &joined.a, 'a'}, {joined.pairs[i].b, &joined.b, 'b'}}) {
      const double here = twins->here[i], there = twins->there[i];
      row.records.push_back(item_record(*record, model, are_bits ? here / there : scale * (here - there)));
      if (are_bits) row.records.back().weight = there;
    }
  }
  return row;
}

}  // namespace slm::lab
