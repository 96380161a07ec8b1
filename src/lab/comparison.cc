#include "lab/comparison.h"

#include <cmath>
#include <map>

#include <fmt/format.h>

namespace slm::lab {
namespace {

Verdict verdict_of_sign(bool a_is_more, Direction direction) {
  return a_is_more == (direction == Direction::kMoreIsBetter) ? Verdict::kBetter : Verdict::kWorse;
}

Value figure(double number) { return {format_figure(number), number}; }

}  // namespace

Verdict verdict_of_figures(double a, double b, Direction direction, double margin) {
  const double difference = std::abs(a - b);
  if (difference == 0 || difference <= margin * std::max(std::abs(a), std::abs(b))) return Verdict::kNoDifference;
  return verdict_of_sign(a > b, direction);
}

namespace {

void judge(ComparisonRow& row, const Evidence& evidence) {
  row.p = evidence.p;
  row.p_equivalent = evidence.p_equivalent;
  row.probability = evidence.probability;
  row.verdict = verdict_of(evidence);
  row.more_items.reset();
}

SlowEnd slow_end_of(std::span<const double> runs, Direction direction, uint64_t seed) {
  const Bootstrap bootstrap = bootstrap_quantile(runs, direction == Direction::kMoreIsBetter ? 0.05 : 0.95, seed);
  return {bootstrap.estimate, bootstrap.percentile()};
}

}  // namespace

void judge_pairs(ComparisonRow& row, const PairedCounts& counts, std::optional<double> chance, std::optional<double> p_of_looks) {
  const uint64_t n = counts.total(), right_a = counts.both + counts.only_a, right_b = counts.both + counts.only_b;
  row.effect_kind = Effect::kDifference;
  row.is_rate = true;
  row.effect = n == 0 ? 0 : (static_cast<double>(right_a) - static_cast<double>(right_b)) / static_cast<double>(n);
  row.interval = paired_difference_interval(counts);
  Evidence evidence = evidence_of_pairs(counts);
  if (p_of_looks) evidence.p = *p_of_looks;
  judge(row, evidence);
  if (row.verdict == Verdict::kTooFew && n > 0) row.more_items = more_pairs_needed(counts);
  row.chance = chance;
  row.a.at_chance = chance && at_chance(right_a, n, *chance);
  row.b.at_chance = chance && at_chance(right_b, n, *chance);
}

void judge_sums(ComparisonRow& row, const WeightedSums& sums, Direction direction, double margin, uint64_t seed) {
  std::vector<double> differences;
  for (size_t i = 0; i < sums.a.size(); ++i) differences.push_back(sums.a[i] - sums.b[i]);
  const Bootstrap bootstrap = bootstrap_difference(sums, seed);
  row.effect_kind = Effect::kDifference;
  row.effect = bootstrap.estimate;
  row.interval = bootstrap.bca();
  row.margin = margin;
  judge(row, evidence_of_bootstrap(bootstrap, sign_flip_test(differences, seed, kResamples), {0, -margin, margin}, direction));
  if (row.verdict == Verdict::kTooFew) {
    row.more_items = more_items_needed({bootstrap.estimate, bootstrap.standard_error(), bootstrap.n}, margin);
  }
}

void judge_runs(ComparisonRow& row, const TimedRuns& runs, Direction direction, uint64_t seed) {
  const Bootstrap bootstrap = bootstrap_ratio(runs.a, runs.b, 0.5, seed);
  row.effect_kind = Effect::kRatio;
  row.effect = bootstrap.estimate;
  row.interval = bootstrap.percentile();
  row.a.slow_end = slow_end_of(runs.a, direction, seed);
  row.b.slow_end = slow_end_of(runs.b, direction, seed);
  const Null null{1, 1 / (1 + kRatioMargin), 1 + kRatioMargin};
  judge(row, evidence_of_bootstrap(bootstrap, mann_whitney_test(runs.a, runs.b), null, direction));
  if (row.verdict != Verdict::kTooFew) return;
  // In logarithms a ratio is a difference, and its error that of the ratio over the ratio.
  row.more_items = more_items_needed({std::log(row.effect), bootstrap.standard_error() / row.effect, bootstrap.n}, std::log(null.high));
}

void judge_together(std::vector<ComparisonRow>& rows) {
  std::map<std::string, std::vector<ComparisonRow*>> tables;
  for (ComparisonRow& row : rows) {
    if (row.effect_kind == Effect::kDifference && row.p) tables[row.table].push_back(&row);
  }
  for (const auto& [name, table] : tables) {
    std::vector<double> p;
    for (const ComparisonRow* row : table) p.push_back(*row->p);
    const std::vector<double> adjusted = holm_adjusted(p);
    for (size_t i = 0; i < table.size(); ++i) {
      table[i]->p_adjusted = adjusted[i];
      table[i]->verdict = verdict_of({adjusted[i], table[i]->p_equivalent.value_or(1), table[i]->probability.value_or(0.5)});
    }
  }
}

Value rate_value(uint64_t right, uint64_t n) {
  const Interval interval = wilson_interval(right, n);
  const double rate = static_cast<double>(right) / static_cast<double>(n);
  return {fmt::format("{:.0f} [{:.0f}, {:.0f}]", 100 * rate, 100 * interval.low, 100 * interval.high), rate};
}

ComparisonRow fact_row(std::string_view id, std::string_view table, Message label, Value a, Value b) {
  ComparisonRow row;
  row.id = id;
  row.table = table;
  row.label = std::move(label);
  row.a = std::move(a);
  row.b = std::move(b);
  return row;
}

ComparisonRow figure_row(std::string_view id, std::string_view table, Message label, Value a, Value b, Direction direction,
                         double margin) {
  ComparisonRow row = fact_row(id, table, std::move(label), std::move(a), std::move(b));
  SLM_CHECK(row.a.number && row.b.number);
  row.verdict = verdict_of_figures(*row.a.number, *row.b.number, direction, margin);
  if (*row.b.number > 0) {
    row.effect_kind = Effect::kRatio;
    row.effect = *row.a.number / *row.b.number;
  }
  return row;
}

ComparisonRow runs_row(std::string_view id, Message label, const TimedRuns& runs, Direction direction, uint64_t seed) {
  ComparisonRow row = fact_row(id, "speed", std::move(label), figure(median(runs.a)), figure(median(runs.b)));
  judge_runs(row, runs, direction, seed);
  for (size_t i = 0; i < runs.a.size(); ++i) row.records.push_back({static_cast<uint32_t>(i), 'a', "", runs.a[i]});
  for (size_t i = 0; i < runs.b.size(); ++i) row.records.push_back({static_cast<uint32_t>(i), 'b', "", runs.b[i]});
  return row;
}

ComparisonRow sentences_row(std::string_view id, Message label, const PairedSentences& sentences, uint64_t seed) {
  const size_t n = sentences.ids.size();
  SLM_CHECK(n > 0 && sentences.texts.size() == n && sentences.a.size() == n && sentences.b.size() == n);
  std::vector<double> bits_a, bits_b, bytes;
  double sum_a = 0, sum_b = 0, sum_bytes = 0;
  for (size_t i = 0; i < n; ++i) {
    bits_a.push_back(sentences.a[i].bits);
    bits_b.push_back(sentences.b[i].bits);
    bytes.push_back(static_cast<double>(sentences.a[i].bytes));
    sum_a += bits_a.back();
    sum_b += bits_b.back();
    sum_bytes += bytes.back();
  }
  ComparisonRow row = fact_row(id, "language", std::move(label), figure(sum_a / sum_bytes), figure(sum_b / sum_bytes));
  judge_sums(row, {bits_a, bits_b, bytes}, Direction::kLessIsBetter, kBitsMargin * *row.b.number, seed);
  for (size_t i = 0; i < n; ++i) {
    for (const auto& [bits, model] : {std::pair{bits_a[i], 'a'}, {bits_b[i], 'b'}}) {
      row.records.push_back({sentences.ids[i], model, "", bits / bytes[i], sentences.texts[i]});
      row.records.back().weight = bytes[i];
    }
  }
  return row;
}

ComparisonRow unmeasured_row(std::string_view id, std::string_view table, Message label, Message reason) {
  ComparisonRow row = fact_row(id, table, std::move(label), {"-", {}}, {"-", {}});
  row.verdict = Verdict::kNotMeasured;
  row.reason = std::move(reason);
  return row;
}

std::string format_figure(double value) {
  const double size = std::abs(value);
  return fmt::format("{:.{}f}", value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

}  // namespace slm::lab
