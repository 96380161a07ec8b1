// The items of a row of a task, read, checked and put in the order of a seed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/tasks/task.h"

namespace slm::lab {

struct TaskItem {
  uint32_t id = 0;              // number in its maker's file, from 0; over several files in the order of their names
  std::string name;             // what its maker calls it; else the number as text
  std::string stratum;
  Fields fields;
};

// A row ready to be run. Any first part of `items` is the subset of that size: fixed by the seed, strata in proportion, the same for every
// model.
struct RowData {
  const Task* task = nullptr;   // outlives this
  const TaskRow* row = nullptr;
  std::string source;           // the file (of several, the first) read
  std::vector<TaskItem> items;
  uint32_t n_shots = 0;
  std::vector<Fields> shots;    // the same for every item, or
  std::map<std::string, std::vector<Fields>> shots_by_file;  // by the file that an item's fields name
};

struct RowOptions {
  uint64_t seed = 1;
  std::optional<uint32_t> shots;        // instead of the task's own number
};

// Errors: kNotFound (no such file in any of the directories; all named), kCorrupt with file and line: not what the format says, a digest
// that differs (both named), a field that an item lacks.
Result<RowData> load_row(const Task& task, const TaskRow& row, const std::vector<std::string>& directories, const RowOptions& options);

// What stands before the item's own text where it is continued: description and shots.
Result<std::string> preamble_of(const RowData& data, const TaskItem& item);

// Of kChoices: the endings and which is right. Errors: kCorrupt with file and line of the task (a label that names no ending, fewer than two
// endings, an empty one).
struct Endings {
  std::vector<std::string> texts;
  uint32_t label = 0;
};
Result<Endings> endings_of(const Task& task, const Fields& fields);

}  // namespace slm::lab
