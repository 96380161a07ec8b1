#include "lab/compare/own_prompts_task.h"

#include <algorithm>

#include "base/limits.h"
#include "chat/unicode.h"
#include "lab/compare/task_rows.h"

namespace slm::lab {
namespace {

constexpr uint32_t kTemplateTokens = 256;  // what a chat template puts around a prompt

// {{grader}} and {{reference}} are fields of each item: one task holds prompts of every kind.
constexpr std::string_view kTask = R"(name: prompts
title: {en: your prompts, zh: 自己的提示}
table: prompts
kind: generate
data: {file: prompts, format: lines, columns: [prompt]}
grader: contains
reference: "{{grader}} {{reference}}"
prompt: {chat: "{{prompt}}", text: "{{prompt}}"}
)";

Result<Grade> grade_by_name(const GradeRequest& request) {
  const size_t end = request.reference.find(' ');
  const std::string_view name = request.reference.substr(0, end);
  if (name.empty()) {
    Grade none;
    none.is_graded = false;
    return none;
  }
  const Grader* grader = find_grader(name);
  SLM_CHECK(grader != nullptr && grader->is_rate);
  return grader->grade({request.prompt, request.answer, request.reference.substr(end + 1), request.truncated});
}

constexpr Grader kByName{"own", grade_by_name, true};

// Both records of one prompt.
struct Answered {
  const TaskRecord *a, *b;
};

bool has_grader(const TaskItem& item) { return !item.fields.at("grader").text.empty(); }

ItemRecord prompt_record(const TaskRecord& record, char model, double grade) {
  return {.item = record.item, .model = model, .answer = record.answer, .grade = grade, .transcript = record.transcript, .prompt = record.prompt};
}

double characters(const TaskRecord& record) { return static_cast<double>(chat::count_code_points(record.answer)); }

ComparisonRow graded_row(const RowData& data, const std::vector<Answered>& answered, uint64_t seed) {
  std::vector<TaskRecord> a, b;
  for (const Answered& both : answered) {
    a.push_back(*both.a);
    b.push_back(*both.b);
  }
  const std::string id(kOwnPromptsTable);
  ComparisonRow row = task_row({.id = id, .label = msg("lab.row.prompts", answered.size()), .data = &data, .a = &a, .b = &b, .looks = {}}, seed);
  row.records.clear();
  for (const Answered& both : answered) {
    row.records.push_back(prompt_record(*both.a, 'a', both.a->grade));
    row.records.push_back(prompt_record(*both.b, 'b', both.b->grade));
  }
  return row;
}

// The mean of what `measure` finds in each record.
template <class Measure>
ComparisonRow mean_row(std::string_view id, const Message& label, const std::vector<Answered>& answered, const Measure& measure, bool with_answers) {
  double sum[2] = {};
  ComparisonRow row = fact_row(id, kOwnPromptsTable, label, {}, {});
  for (const Answered& both : answered) {
    for (const auto& [record, side] : {std::pair{both.a, 'a'}, {both.b, 'b'}}) {
      const double value = measure(*record);
      sum[side == 'b'] += value;
      row.records.push_back(with_answers ? prompt_record(*record, side, value) : ItemRecord{record->item, side, "", value});
    }
  }
  const auto mean = [&](double whole) { return whole / static_cast<double>(answered.size()); };
  row.a = {format_figure(mean(sum[0])), mean(sum[0])};
  row.b = {format_figure(mean(sum[1])), mean(sum[1])};
  return row;
}

}  // namespace

Task own_prompts_task(uint32_t max_tokens) {
  auto task = parse_task(kTask, "prompts");
  SLM_CHECK(task.has_value());
  task->grader = &kByName;
  task->max_tokens = max_tokens;
  return std::move(*task);
}

RowData own_prompts_row(const Task& task, const OwnPromptSet& set) {
  RowData data;
  data.task = &task;
  data.row = &task.rows.front();
  data.source = set.file;
  for (const OwnPrompt& own : set.prompts) {
    TaskItem item;
    item.id = own.id;
    item.name = std::to_string(own.line);
    item.fields = {{"prompt", text_field(own.prompt)}, {"grader", text_field(own.grader)}, {"reference", text_field(own.reference)}};
    data.items.push_back(std::move(item));
  }
  return data;
}

uint32_t own_prompts_context(const OwnPromptSet& set) {
  size_t longest = 0;
  for (const OwnPrompt& own : set.prompts) longest = std::max(longest, own.prompt.size());
  // No vocabulary makes more tokens of a text than it has bytes.
  return static_cast<uint32_t>(std::min<size_t>(longest + set.max_tokens + kTemplateTokens, limits::kMaxContext));
}

std::vector<ComparisonRow> own_prompt_rows(const RowData& data, const std::vector<TaskRecord>& a, const std::vector<TaskRecord>& b,
                                           uint64_t seed) {
  std::vector<Answered> all, graded, ungraded;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    SLM_CHECK(a[i].item == b[i].item && a[i].item == data.items[i].id);
    if (a[i].has_mark("failed") || b[i].has_mark("failed")) continue;  // no answer: an endpoint's warnings count it
    all.push_back({&a[i], &b[i]});
    const bool both = has_grader(data.items[i]) && a[i].is_graded && b[i].is_graded;
    (both ? graded : ungraded).push_back(all.back());
  }
  if (all.empty()) return {unmeasured_row(kOwnPromptsTable, kOwnPromptsTable, msg("lab.row.prompts_none"), msg("lab.reason.no_items"))};
  std::vector<ComparisonRow> rows;
  if (!graded.empty()) rows.push_back(graded_row(data, graded, seed));
  if (!ungraded.empty()) {
    rows.push_back(mean_row("prompts_ungraded", msg("lab.row.prompts_ungraded", ungraded.size()), ungraded, characters, true));
  }
  rows.push_back(mean_row("prompts_seconds", msg("lab.row.prompts_seconds"), all, [](const TaskRecord& record) { return record.seconds; }, false));
  return rows;
}

}  // namespace slm::lab
