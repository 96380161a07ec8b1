// The items of a row of a task, read, checked and put in the order of a seed.
#pragma once

#include <cstdint>
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
  const Task* task = nullptr;
  const TaskRow* row = nullptr;
  std::string source;           // the file (or files' pattern) read
  std::vector<TaskItem> items;
  std::string preamble;         // description and shots where they are the same for every item
  // Shots of a file named by the item: preambles by that file.
  std::map<std::string, std::string> preambles;
};

struct RowOptions {
  uint64_t seed = 1;
  std::optional<uint32_t> shots;        // instead of the task's own number
};

// Errors: kNotFound (no such file in any of the directories; all named), kCorrupt with file and line: not what the format says, a digest
// that differs (both named), a field that an item lacks.
Result<RowData> load_row(const Task& task, const TaskRow& row, const std::vector<std::string>& directories, const RowOptions& options);

// What stands before the item's own text.
Result<std::string> preamble_of(const RowData& data, const TaskItem& item);

}  // namespace slm::lab
