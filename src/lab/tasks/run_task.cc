#include "lab/tasks/run_task.h"

#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>

namespace slm::lab {
namespace {

double mean_of(const std::vector<double>& values, std::span<const size_t> items) {
  double sum = 0;
  for (size_t i : items) sum += values[i];
  return sum / static_cast<double>(items.size());
}

Interval interval_of(const TaskScore& score, const std::vector<double>& grades, uint64_t seed) {
  if (score.is_rate) {
    const auto right = static_cast<uint64_t>(std::count(grades.begin(), grades.end(), 1.0));
    return wilson_interval(right, grades.size());
  }
  if (grades.empty()) return {};
  return bootstrap_items(grades.size(), seed, [&](std::span<const size_t> items) { return mean_of(grades, items); }).bca();
}

struct Sum {
  double values = 0, weights = 0;

  void add(double value, double weight) {
    values += value * weight;
    weights += weight;
  }
  double mean() const { return values / weights; }
};

// Of kChoices: by guessing one of each item's endings is right 1 / endings of the time.
std::optional<double> chance_of(const Task& task, const std::vector<TaskRecord>& records) {
  if (task.chance) return task.chance;
  if (task.kind != TaskKind::kChoices) return std::nullopt;
  double sum = 0;
  size_t n = 0;
  for (const TaskRecord& record : records) {
    if (record.scores.empty()) continue;
    sum += 1 / static_cast<double>(record.scores.size());
    ++n;
  }
  return n == 0 ? std::nullopt : std::optional(sum / static_cast<double>(n));
}

}  // namespace

bool is_rate(const Task& task) {
  switch (task.kind) {
    case TaskKind::kGenerate: return task.grader->is_rate;
    case TaskKind::kChoices: return true;
    case TaskKind::kBits: return false;
  }
  return false;
}

void RunningScore::add(const TaskRecord& record) {
  if (!record.is_graded) return;
  ++so_far_.items;
  sum_ += record.grade;
  right_ += record.grade == 1;
}

std::string RunningScore::text() const {
  if (so_far_.items == 0) return {};
  TaskScore shown = so_far_;
  shown.score = sum_ / static_cast<double>(so_far_.items);
  if (!shown.is_rate) return fmt::format("{:.2f}", shown.score);
  shown.interval = wilson_interval(right_, so_far_.items);
  return format_score(shown);
}

TaskScore score_records(const Task& task, const std::vector<TaskRecord>& records, uint64_t seed) {
  TaskScore score;
  score.is_rate = is_rate(task);
  std::vector<double> grades;
  std::map<std::string, uint64_t> marks;
  std::map<std::string, Sum> also;
  uint64_t right_by_sum = 0;
  for (const TaskRecord& record : records) {
    for (const std::string& mark : record.marks) ++marks[mark];
    score.seconds += record.seconds;
    score.tokens += record.tokens;
    if (!record.is_graded) {
      ++score.failed;
      continue;
    }
    grades.push_back(record.grade);
    right_by_sum += record.right_by_sum;
    for (const Reading& reading : record.also) also[reading.name].add(reading.grade, reading.weight);
  }
  score.items = grades.size();
  const double n = static_cast<double>(std::max<size_t>(grades.size(), 1));
  score.score = std::accumulate(grades.begin(), grades.end(), 0.0) / n;
  score.interval = interval_of(score, grades, seed);
  score.marks.assign(marks.begin(), marks.end());
  for (const auto& [name, sum] : also) score.also.emplace_back(name, sum.mean());
  if (!task.mean.empty() && score.items > 0) {
    double of_means = 0;
    for (const std::string& name : task.mean) of_means += name == task.grader->name ? score.score : also[name].mean();
    score.mean = of_means / static_cast<double>(task.mean.size());
  }
  if (task.kind == TaskKind::kChoices) score.acc_by_sum = static_cast<double>(right_by_sum) / n;
  score.chance = chance_of(task, records);
  if (score.chance && score.items > 0) {
    score.corrected = above_chance(score.score, *score.chance);
    score.at_chance = score.interval.holds(*score.chance);
  }
  return score;
}

Result<TaskResult> run_row(const RowData& data, const TaskSubject& subject, const RunOptions& options, const Watch& watch) {
  const Task& task = *data.task;
  TaskResult result;
  result.row = data.row->id;
  result.source = data.source;
  result.prompting = prompting_of(task, subject);
  result.shots = result.prompting == "text" ? data.n_shots : 0;
  result.asked_for = std::min(options.limit, data.items.size());
  const std::string row_name = data.row->id.empty() ? "" : " " + data.row->id;
  const Message stage = msg("lab.stage.item", task.title(language()) + row_name, subject.name);
  RunningScore so_far(task);
  int failures_in_a_row = 0;
  for (size_t i = 0; i < result.asked_for && !result.stopped; ++i) {
    Status kept;
    auto record = watch.check() ? run_item(data, data.items[i], subject, options.cache, watch, &kept)
                                : tl::unexpected<Error>(watch.check().error());
    if (!record) {
      if (watch.check()) return tl::unexpected<Error>(record.error());
      result.stopped = record.error();
      break;
    }
    if (!kept) {
      ++result.not_kept;
      result.not_kept_because = kept.error();
    }
    result.from_cache += record->from_cache;
    failures_in_a_row = record->has_mark("failed") ? failures_in_a_row + 1 : 0;
    if (failures_in_a_row == kFailuresInARow) {
      result.stopped = Error{ErrorKind::kNetwork, msg("lab.task.gave_up", subject.name, kFailuresInARow, record->transcript), {}};
    }
    so_far.add(*record);
    result.records.push_back(std::move(*record));
    watch.report({stage, i + 1, result.asked_for, so_far.text(), 1, 1});
  }
  result.score = score_records(task, result.records, options.seed);
  return result;
}

std::string format_score(const TaskScore& score) {
  if (score.is_rate) {
    return fmt::format("{:.1f} % [{:.1f}, {:.1f}]", 100 * score.score, 100 * score.interval.low, 100 * score.interval.high);
  }
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", score.score, score.interval.low, score.interval.high);
}

}  // namespace slm::lab
