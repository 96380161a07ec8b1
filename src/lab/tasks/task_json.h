// What a task's run found, as the JSON of docs/json.md.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lab/tasks/run_task.h"

namespace slm::lab {

struct TaskRun {
  const Task* task = nullptr;
  std::string model;
  bool is_instruct = true;
  uint64_t seed = 1;
  std::vector<TaskResult> rows;
  struct Missing {
    std::string row, reason;   // "not measured": the reason in English
  };
  std::vector<Missing> missing;
};
nlohmann::ordered_json task_run_json(const TaskRun& run);

// A record as one line of a transcripts file: the model and the row go with it.
nlohmann::ordered_json transcript_json(const TaskRun& run, const TaskResult& row, const TaskRecord& record);

// `slm eval choices`: of a row of a kChoices task. REQUIRES: `result` is run_row()'s of `data`. Errors: those of endings_of().
Result<nlohmann::ordered_json> choices_json(const RowData& data, const TaskResult& result);

nlohmann::ordered_json tasks_json(const std::vector<Task>& tasks);

}  // namespace slm::lab
