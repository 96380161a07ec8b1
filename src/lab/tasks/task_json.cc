#include "lab/tasks/task_json.h"

#include "base/json.h"
#include "chat/unicode.h"

namespace slm::lab {
namespace {

Json optional_number(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json grade_json(bool is_rate, const TaskRecord& record) {
  if (!record.is_graded) return nullptr;
  if (is_rate) return record.grade == 1;
  return record.grade;
}

Json record_json(bool is_rate, TaskKind kind, const std::string& row, const TaskRecord& record) {
  Json json = {{"row", row}, {"item", record.item}, {"name", record.name}, {"stratum", record.stratum}, {"prompt", record.prompt},
               {"answer", record.answer}, {"extracted", record.extracted}, {"grade", grade_json(is_rate, record)},
               {"marks", record.marks}};
  Json also = Json::object();
  Json weights = Json::object();
  for (const Reading& reading : record.also) {
    also[reading.name] = reading.grade;
    if (reading.weight != 1) weights[reading.name] = reading.weight;
  }
  json["also"] = std::move(also);
  if (!weights.empty()) json["weights"] = std::move(weights);
  if (kind == TaskKind::kChoices) json["scores"] = record.scores;
  if (kind == TaskKind::kBits) json["bytes"] = record.bytes;
  json["prompt_tokens"] = record.prompt_tokens;
  json["tokens"] = record.tokens;
  json["seconds"] = record.seconds;
  json["transcript"] = record.transcript;
  return json;
}

Json row_json(const TaskResult& row) {
  const TaskScore& score = row.score;
  Json marks = Json::object(), also = Json::object();
  for (const auto& [name, n] : score.marks) marks[name] = n;
  for (const auto& [name, value] : score.also) also[name] = value;
  return {{"row", row.row}, {"source", row.source}, {"prompting", row.prompting}, {"shots", row.shots}, {"items", score.items},
          {"failed", score.failed}, {"score", score.score}, {"interval", {score.interval.low, score.interval.high}},
          {"chance", optional_number(score.chance)}, {"corrected", optional_number(score.corrected)}, {"at_chance", score.at_chance},
          {"acc_by_sum", optional_number(score.acc_by_sum)}, {"also", std::move(also)}, {"mean", optional_number(score.mean)}, {"marks", std::move(marks)},
          {"tokens", score.tokens}, {"seconds", score.seconds}, {"from_cache", row.from_cache}, {"not_kept", row.not_kept}};
}

}  // namespace

Json task_run_json(const TaskRun& run) {
  const Task& task = *run.task;
  const bool one_row = run.rows.size() == 1 && run.missing.empty();
  uint64_t items = 0;
  Json rows = Json::array(), records = Json::array(), missing = Json::array();
  for (const TaskResult& row : run.rows) {
    items += row.score.items;
    rows.push_back(row_json(row));
    for (const TaskRecord& record : row.records) records.push_back(record_json(row.score.is_rate, task.kind, row.row, record));
  }
  for (const TaskRun::Missing& one : run.missing) missing.push_back({{"row", one.row}, {"reason", one.reason}});
  return {{"task", task.name}, {"table", task.table}, {"kind", task_kind_name(task.kind)}, {"license", task.license},
          {"model", run.model}, {"instruct", run.is_instruct}, {"seed", run.seed}, {"items", items},
          // Of one row; an average over languages would hide what it is made of.
          {"score", one_row ? rows[0]["score"] : Json()}, {"interval", one_row ? rows[0]["interval"] : Json()},
          {"rows", std::move(rows)}, {"not_measured", std::move(missing)}, {"records", std::move(records)}};
}

Json transcript_json(const TaskRun& run, const TaskResult& row, const TaskRecord& record) {
  Json json = {{"task", run.task->name}, {"model", run.model}};
  json.update(record_json(row.score.is_rate, run.task->kind, row.row, record));
  return json;
}

Result<Json> choices_json(const RowData& data, const TaskResult& result) {
  const TaskScore& score = result.score;
  Json records = Json::array();
  for (size_t i = 0; i < result.records.size(); ++i) {
    const TaskRecord& record = result.records[i];
    SLM_TRY(endings, endings_of(*data.task, data.items[i].fields));
    Json characters = Json::array();
    for (const std::string& ending : endings.texts) characters.push_back(chat::count_code_points(ending));
    // An item longer than the context has no answer.
    const Json answer = record.extracted.empty() ? Json() : Json(std::stoul(record.extracted));
    records.push_back({{"id", record.item}, {"answer", answer}, {"label", endings.label}, {"scores", record.scores},
                       {"characters", std::move(characters)}});
  }
  return Json{{"task", data.task->name}, {"source", result.source}, {"items", score.items}, {"acc", score.acc_by_sum.value_or(0)},
              {"acc_norm", score.score}, {"interval", {score.interval.low, score.interval.high}}, {"records", std::move(records)}};
}

Json tasks_json(const std::vector<Task>& tasks) {
  Json list = Json::array();
  for (const Task& task : tasks) {
    Json rows = Json::array();
    for (const TaskRow& row : task.rows) {
      if (!row.id.empty()) rows.push_back({{"row", row.id}, {"language", row.language}});
    }
    list.push_back({{"name", task.name}, {"title", {{"en", task.title_en}, {"zh", task.title_zh}}}, {"table", task.table},
                    {"kind", task_kind_name(task.kind)}, {"license", task.license}, {"source", task.source}, {"twins", task.twins.empty() ? Json() : Json(task.twins)},
                    {"rows", std::move(rows)}});
  }
  return {{"tasks", std::move(list)}};
}

}  // namespace slm::lab
