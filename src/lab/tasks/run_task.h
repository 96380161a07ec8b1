// Runs a row of a task over a model, and sums it up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lab/scorer.h"
#include "lab/statistics.h"
#include "lab/tasks/run_item.h"

namespace slm::lab {

// Every grade of the task is 0 or 1: their mean is a rate.
bool is_rate(const Task& task);

struct TaskScore {
  uint64_t items = 0;               // graded
  uint64_t failed = 0;              // not graded
  bool is_rate = true;              // `score` is the rate right; else the mean of a grader's scores or of bits
  double score = 0;
  Interval interval;                // 95 %: Wilson of a rate, else bootstrap of the mean
  std::optional<double> chance;     // rate right by guessing: the task's, or of kChoices the mean of 1 / endings
  std::optional<double> corrected;  // (score - chance) / (1 - chance)
  bool at_chance = false;           // the interval holds the chance level
  std::optional<double> acc_by_sum; // kChoices: rate right by logprob not divided by length
  std::vector<std::pair<std::string, uint64_t>> marks;   // how often each occurs, by name
  std::vector<std::pair<std::string, double>> also;      // mean of each further grader, items by their weights
  std::optional<double> mean;       // of the readings that the task puts together: Task::mean
  double seconds = 0;
  uint64_t tokens = 0;
};
// `seed`: of the bootstrap.
TaskScore score_records(const Task& task, const std::vector<TaskRecord>& records, uint64_t seed);

struct TaskResult {
  std::string row;                  // TaskRow::id
  std::string source;               // file read
  std::string_view prompting;       // "chat", "text"
  uint32_t shots = 0;               // before each question
  std::vector<TaskRecord> records;  // in the order of RowData::items
  TaskScore score;
  uint64_t asked_for = 0;           // items; records are fewer when `stopped`
  std::optional<Error> stopped;     // cancelled, or the model could not be asked any more
  uint64_t from_cache = 0;
  uint64_t not_kept = 0;            // answers that the cache could not take
  std::optional<Error> not_kept_because;
};

struct RunOptions {
  size_t limit = SIZE_MAX;          // the first so many of RowData::items
  uint64_t seed = 1;
  AnswerCache* cache = nullptr;     // may be null
};

// The items in turn, progress with the score so far. Ends early, with what is done, when cancelled, or when kFailuresInARow items one after
// another could not be asked (TaskResult::stopped). Errors: those of run_item(), which make the row not measurable.
inline constexpr int kFailuresInARow = 3;
Result<TaskResult> run_row(const RowData& data, const TaskSubject& subject, const RunOptions& options, const Watch& watch);

// "48.3 % [45.6, 51.0]" of a rate, "31.2 [29.9, 32.4]" otherwise.
std::string format_score(const TaskScore& score);

// The score while records come in, as progress shows it: a constant time an item. Wilson's interval moves with each; the bootstrap's is left
// for the end.
class RunningScore {
 public:
  explicit RunningScore(const Task& task) { so_far_.is_rate = is_rate(task); }
  void add(const TaskRecord& record);
  std::string text() const;  // empty before the first graded record

 private:
  TaskScore so_far_;
  double sum_ = 0;
  uint64_t right_ = 0;
};

}  // namespace slm::lab
