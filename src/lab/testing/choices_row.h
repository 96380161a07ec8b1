// A row of multiple-choice records, as tests of tables, JSON and merging need one.
#pragma once

#include "lab/choices.h"
#include "lab/comparison.h"

namespace slm::lab::testing {

struct ChoiceSummary {
  double acc_norm = 0;
  Interval interval;  // Wilson
};
inline ChoiceSummary summarize(const std::vector<ChoiceRecord>& records) {
  uint64_t right = 0;
  for (const ChoiceRecord& record : records) right += record.right();
  return {static_cast<double>(right) / static_cast<double>(records.size()), wilson_interval(right, records.size())};
}

inline std::vector<bool> right_answers(const std::vector<ChoiceRecord>& records) {
  std::vector<bool> right;
  for (const ChoiceRecord& record : records) right.push_back(record.right());
  return right;
}

// What guessing gets right, where every item has as many endings as it has scores.
inline std::optional<double> chance_of(const std::vector<ChoiceRecord>& records) {
  double sum = 0;
  for (const ChoiceRecord& record : records) {
    if (record.scores.empty()) return std::nullopt;
    sum += 1 / static_cast<double>(record.scores.size());
  }
  if (records.empty()) return std::nullopt;
  return sum / static_cast<double>(records.size());
}

// The same items, answered by both. REQUIRES: equal lengths and ids.
inline ComparisonRow choices_row(std::string_view id, Message label, const std::vector<ChoiceRecord>& a, const std::vector<ChoiceRecord>& b,
                          std::optional<double> p_of_looks = {}) {
  const auto rate = [](const ChoiceSummary& summary) {
    return Value{fmt::format("{:.0f} [{:.0f}, {:.0f}]", 100 * summary.acc_norm, 100 * summary.interval.low, 100 * summary.interval.high),
                 summary.acc_norm};
  };
  ComparisonRow row = fact_row(id, "ability", std::move(label), rate(summarize(a)), rate(summarize(b)));
  judge_pairs(row, count_pairs(right_answers(a), right_answers(b)), chance_of(a), p_of_looks);
  for (size_t i = 0; i < a.size(); ++i) {
    SLM_CHECK(a[i].id == b[i].id);
    row.records.push_back({a[i].id, 'a', std::to_string(a[i].answer), a[i].right() ? 1.0 : 0.0, a[i].transcript});
    row.records.push_back({b[i].id, 'b', std::to_string(b[i].answer), b[i].right() ? 1.0 : 0.0, b[i].transcript});
  }
  return row;
}

}  // namespace slm::lab::testing
