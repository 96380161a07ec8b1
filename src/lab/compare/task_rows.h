// Rows of a comparison from the records of a task: the same items, answered by both. Pure functions of records.
#pragma once

#include <string>
#include <vector>

#include "lab/comparison.h"
#include "lab/planning/stopping.h"
#include "lab/tasks/run_task.h"

namespace slm::lab {

// "mgsm_zh": the task's name, and its row's where it has several.
std::string task_row_id(const Task& task, const TaskRow& row);
// The titles in both languages, a task's up to its colon; of bits their unit; with `items` > 0 how many.
Message task_label(const Task& task, const TaskRow& row, uint64_t items);

// Of the items that both were graded on. REQUIRES: the same items in the same order, as far as the shorter goes.
PairedCounts count_records(const std::vector<TaskRecord>& a, const std::vector<TaskRecord>& b);

// Of a reading that the task gives a row of its own: "ifeval_instances", "flores_to_english_language.fra_Latn".
std::string reading_row_id(const Task& task, const TaskRow& row, const ComparedReading& reading);

struct TaskPair {
  std::string id;
  Message label;
  const RowData* data = nullptr;
  const std::vector<TaskRecord>* a = nullptr;
  const std::vector<TaskRecord>* b = nullptr;
  std::vector<Look> looks;          // taken on the way, of a row that may stop early; empty: none
  double alpha = kSignificance;     // the error of all looks together
};
// Bits of text: bits per byte. Rates: with Wilson's intervals, and McNemar's test, which allows for the looks. Other
// grades: means, and a paired bootstrap. No item that both were graded on: not measured.
ComparisonRow task_row(const TaskPair& pair, uint64_t seed);

// Readings of the same answers by further graders, one row each of Task::compared: rates by McNemar's test, shares (in points of a hundred)
// and scores by a paired bootstrap over items, each with its weight. An answer that is empty or surely in another language than the one
// asked for is not in it.
std::vector<ComparisonRow> reading_rows(const TaskPair& pair, uint64_t seed);

// A row of a task against the row that Task::twins names, each model against itself on the items that both were graded on in both:
// "mgsm_gap.zh". Rates: points won (lost: below 0), with Newcombe's interval, and in `reason` the exact McNemar p of each model. Bits: how many
// times those of the twins the sentences take. Other scores: the difference of means. The effect is A's gap less B's, by a paired bootstrap
// over items. A fact: a small gap is no merit by itself. REQUIRES: both pairs of one task, with their data.
ComparisonRow gap_row(const TaskPair& pair, const TaskPair& twin, uint64_t seed);

}  // namespace slm::lab
