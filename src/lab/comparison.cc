#include "lab/comparison.h"

#include <cmath>

#include <fmt/format.h>

namespace slm::lab {
namespace {

Verdict verdict_of_sign(bool a_is_more, Direction direction) {
  return a_is_more == (direction == Direction::kMoreIsBetter) ? Verdict::kBetter : Verdict::kWorse;
}

Value figure(double number) { return {format_figure(number), number}; }

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBetter: return "better";
    case Verdict::kWorse: return "worse";
    case Verdict::kNoDifference: return "no_difference";
    case Verdict::kFact: return "fact";
    case Verdict::kNotMeasured: break;
  }
  return "not_measured";
}

Verdict verdict_of_ratio(const Interval& ratio, Direction direction) {
  return ratio.holds(1) ? Verdict::kNoDifference : verdict_of_sign(ratio.low > 1, direction);
}

Verdict verdict_of_difference(const Interval& difference, Direction direction) {
  return difference.holds(0) ? Verdict::kNoDifference : verdict_of_sign(difference.low > 0, direction);
}

Verdict verdict_of_pairs(const PairedCounts& counts) {
  if (mcnemar_exact(counts.only_a, counts.only_b) >= kSignificance) return Verdict::kNoDifference;
  return verdict_of_sign(counts.only_a > counts.only_b, Direction::kMoreIsBetter);
}

Verdict verdict_of_figures(double a, double b, Direction direction, double margin) {
  const double difference = std::abs(a - b);
  if (difference == 0 || difference <= margin * std::max(std::abs(a), std::abs(b))) return Verdict::kNoDifference;
  return verdict_of_sign(a > b, direction);
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
  row.effect_kind = Effect::kRatio;
  row.effect = *row.a.number / *row.b.number;
  row.interval = median_ratio_interval(runs.a, runs.b, seed);
  row.verdict = verdict_of_ratio(*row.interval, direction);
  for (size_t i = 0; i < runs.a.size(); ++i) row.records.push_back({static_cast<uint32_t>(i), 'a', "", runs.a[i]});
  for (size_t i = 0; i < runs.b.size(); ++i) row.records.push_back({static_cast<uint32_t>(i), 'b', "", runs.b[i]});
  return row;
}

ComparisonRow choices_row(std::string_view id, Message label, const std::vector<ChoiceRecord>& a,
                          const std::vector<ChoiceRecord>& b) {
  const auto rate = [](const ChoiceSummary& summary) {
    return Value{fmt::format("{:.0f} [{:.0f}, {:.0f}]", 100 * summary.acc_norm, 100 * summary.interval.low, 100 * summary.interval.high),
                 summary.acc_norm};
  };
  ComparisonRow row = fact_row(id, "ability", std::move(label), rate(summarize(a)), rate(summarize(b)));
  const PairedCounts counts = count_pairs(right_answers(a), right_answers(b));
  row.effect_kind = Effect::kDifference;
  row.effect = *row.a.number - *row.b.number;
  row.interval = paired_difference_interval(counts);
  row.p = mcnemar_exact(counts.only_a, counts.only_b);
  row.verdict = verdict_of_pairs(counts);
  for (size_t i = 0; i < a.size(); ++i) {
    SLM_CHECK(a[i].id == b[i].id);
    row.records.push_back({a[i].id, 'a', std::to_string(a[i].answer), a[i].right() ? 1.0 : 0.0, a[i].transcript});
    row.records.push_back({b[i].id, 'b', std::to_string(b[i].answer), b[i].right() ? 1.0 : 0.0, b[i].transcript});
  }
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
  row.effect_kind = Effect::kDifference;
  row.effect = *row.a.number - *row.b.number;
  row.interval = weighted_difference_interval({bits_a, bits_b, bytes}, seed);
  row.verdict = verdict_of_difference(*row.interval, Direction::kLessIsBetter);
  for (size_t i = 0; i < n; ++i) {
    row.records.push_back({sentences.ids[i], 'a', "", bits_a[i] / bytes[i], sentences.texts[i]});
    row.records.push_back({sentences.ids[i], 'b', "", bits_b[i] / bytes[i], sentences.texts[i]});
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
