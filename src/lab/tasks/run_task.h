// Runs a row of a task over a model: asks each item, grades what comes, keeps it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lab/generator.h"
#include "lab/scorer.h"
#include "lab/statistics.h"
#include "lab/tasks/answer_cache.h"
#include "lab/tasks/task_data.h"

namespace slm::lab {

// The model under test. Either part may be null: tasks that need it are then not measurable.
struct TaskSubject {
  Generator* generator = nullptr;   // of kGenerate
  Scorer* scorer = nullptr;         // of kChoices and kBits
  std::string scorer_identity;      // as Generator::identity(), for likelihoods
  std::string name;                 // for people
};

struct TaskRecord {
  uint32_t item = 0;
  std::string name, stratum;        // TaskItem's
  std::string prompt;               // what was asked: the user's turn, or the whole text to continue
  std::string answer;               // what was written; of kChoices the ending chosen
  std::string extracted;            // what was read off it; of kChoices the ending's number
  double grade = 0;                 // 1 or 0; a grader's score; of kBits the bits of the sentence
  bool is_graded = true;            // false: the model could not be asked, or the grader's means failed: not in the denominator
  std::vector<std::string> marks;   // "truncated", "no_answer", "too_long", "wrong_language", "ran_on", "failed" ...
  std::vector<std::pair<std::string, double>> also;  // further graders of the task, by name
  std::string transcript;           // what the model read and what it gave, as one text
  uint32_t prompt_tokens = 0, tokens = 0;
  double seconds = 0;
  std::vector<double> scores;       // kChoices: logprob of each ending
  uint64_t bytes = 0;               // kBits: of the sentence
  bool from_cache = false;

  bool has_mark(std::string_view mark) const;
};

struct TaskScore {
  uint64_t items = 0;               // graded
  uint64_t failed = 0;              // not graded
  double score = 0;                 // mean grade: rate right, mean score, mean bits
  Interval interval;                // 95 %: Wilson where every grade is 0 or 1, else bootstrap of the mean
  std::optional<double> chance;     // rate right by guessing
  std::optional<double> corrected;  // (score - chance) / (1 - chance)
  bool at_chance = false;           // the interval holds the chance level
  std::optional<double> acc_by_sum; // kChoices: by logprob not divided by length (acc; score is acc_norm)
  std::vector<std::pair<std::string, uint64_t>> marks;   // how often each occurs, by name
  std::vector<std::pair<std::string, double>> also;      // mean of each further grader
  double seconds = 0;
  uint64_t tokens = 0;
};
// `row`: for the chance level. `seed`: of the bootstrap.
TaskScore score_records(const RowData& row, const std::vector<TaskRecord>& records, uint64_t seed);

struct TaskResult {
  std::string row;                  // TaskRow::id
  std::string source;               // file read
  std::string_view prompting;       // "chat", "text": how the model was asked
  uint32_t shots = 0;
  std::vector<TaskRecord> records;  // in the order of RowData::items
  TaskScore score;
  uint64_t asked_for = 0;           // items; records may be fewer when `stopped`
  std::optional<Error> stopped;     // cancelled, or the model could not be asked any more
  uint64_t not_kept = 0;            // answers that the cache could not take
  std::optional<Error> not_kept_because;
};

struct RunOptions {
  size_t limit = SIZE_MAX;          // the first so many of RowData::items
  uint64_t seed = 1;
  AnswerCache* cache = nullptr;     // may be null
};

// One item. Errors: kNotFound (the grader's means are not on this machine; the subject lacks the part the kind needs), kFailed when
// cancelled, kNetwork. An item longer than the context is a record with the mark "too_long", graded 0.
Result<TaskRecord> run_item(const RowData& data, const TaskItem& item, const TaskSubject& subject, AnswerCache* cache, const Watch& watch,
                            Status* kept = nullptr);

// The items in turn, progress with the score so far. Ends early, with what is done, when cancelled or when three items after one another
// could not be asked for the same kind of reason (TaskResult::stopped). Errors: those of run_item() that make the row not measurable.
Result<TaskResult> run_row(const RowData& data, const TaskSubject& subject, const RunOptions& options, const Watch& watch);

}  // namespace slm::lab
