#include "lab/compare/task_rows.h"

#include <algorithm>

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

Value rate_value(const TaskScore& score) {
  const auto percent = [](double rate) { return fmt::format("{:.0f}", 100 * rate); };
  return {fmt::format("{} [{}, {}]", percent(score.score), percent(score.interval.low), percent(score.interval.high)), score.score,
          score.at_chance};
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

std::vector<TaskRecord> side_of(const std::vector<GradedPair>& pairs, bool is_a) {
  std::vector<TaskRecord> records;
  for (const GradedPair& pair : pairs) records.push_back(is_a ? *pair.a : *pair.b);
  return records;
}

}  // namespace

std::string task_row_id(const Task& task, const TaskRow& row) { return row.id.empty() ? task.name : task.name + "_" + row.id; }

Message task_label(const Task& task, const TaskRow& row, uint64_t items) {
  // "FLORES-200: bits a sentence, 29 languages": the name is what a table has room for.
  const auto title = [&](const std::string& of_task, const std::string& of_row) {
    const std::string name = of_task.substr(0, of_task.find(": "));
    return of_row.empty() ? name : name + ", " + of_row;
  };
  const std::string english = title(task.title_en, row.title_en), chinese = title(task.title_zh, row.title_zh);
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
  ComparisonRow row = fact_row(pair.id, table, pair.label, are_rates ? rate_value(score_a) : mean_value(score_a),
                               are_rates ? rate_value(score_b) : mean_value(score_b));
  if (are_rates) {
    std::optional<double> p_of_looks;
    if (!pair.looks.empty()) p_of_looks = sequential_mcnemar(pair.looks, pair.alpha).p;
    judge_pairs(row, count(pairs), score_a.chance, p_of_looks);
  } else {
    judge_scores(row, pairs, seed);
  }
  for (const GradedPair& both : pairs) {
    row.records.push_back(item_record(*both.a, 'a', both.a->grade));
    row.records.push_back(item_record(*both.b, 'b', both.b->grade));
  }
  return row;
}

}  // namespace slm::lab
