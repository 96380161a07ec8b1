#include <memory>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/eval_subject.h"
#include "cli/lab_commands.h"
#include "cli/missing_data.h"
#include "lab/data_directories.h"
#include "lab/datasets.h"
#include "lab/tasks/run_task.h"
#include "lab/tasks/task_json.h"

namespace slm::cli {
namespace {

struct ChoiceFlags {
  ModelFlags model;
  std::string task, data_dir;
  std::optional<uint64_t> limit;
  uint64_t seed = lab::kSubsetSeed;
  bool no_pull = false;
};

// A shipped task of choices in one row: several have one table of scores each, which is `eval run`'s.
Result<lab::Task> choice_task(const std::string& name) {
  SLM_TRY(tasks, lab::shipped_tasks());
  std::vector<std::string> names;
  std::string all;
  for (lab::Task& task : tasks) {
    if (task.kind != lab::TaskKind::kChoices || task.rows.size() != 1) continue;
    if (task.name == name) return std::move(task);
    names.push_back(task.name);
    all += (all.empty() ? "" : ", ") + task.name;
  }
  const auto near = nearest_spelling(name, names);
  return fail_with_hint(ErrorKind::kUsage, msg("lab.no_task", name, all), near ? msg("cli.did_you_mean", *near) : Message{});
}

// The whole set is fetched where what is here is not enough.
Result<lab::RowData> load_items(const lab::Task& task, const ChoiceFlags& given) {
  const auto load = [&]() -> Result<lab::RowData> {
    SLM_TRY(directories, lab::data_directories(given.data_dir));
    return lab::load_row(task, task.rows[0], directories, {given.seed, {}});
  };
  auto data = load();
  const bool is_enough = data && given.limit && data->items.size() >= *given.limit;
  const bool may_help = data || data.error().kind == ErrorKind::kNotFound;
  if (given.no_pull || is_enough || !may_help) return data;
  SLM_TRY(came, fetch_missing_data(lab::data_folders(task), given.data_dir));
  return came ? load() : std::move(data);
}

Result<lab::RowData> chosen_items(const lab::Task& task, const ChoiceFlags& given) {
  if (given.limit && *given.limit == 0) return fail(ErrorKind::kUsage, "lab.no_limit");
  SLM_TRY(data, load_items(task, given));
  if (given.limit && *given.limit > data.items.size()) {
    return fail_with_hint(ErrorKind::kNotFound, msg("lab.too_few_items", *given.limit, data.source, data.items.size()),
                          msg("lab.too_few_items_hint"));
  }
  return data;
}

void print_score(const lab::Task& task, const lab::TaskResult& result) {
  const lab::TaskScore& score = result.score;
  const auto percent = [](double rate) { return fmt::format("{:.1f}", 100 * rate); };
  std::string line = tr("lab.eval.choices_line", task.title(language()), percent(score.score), percent(score.interval.low),
                        percent(score.interval.high), percent(score.acc_by_sum.value_or(0)), score.items);
  for (const auto& [mark, n] : score.marks) line += fmt::format("  {} {}", mark, n);
  write_out(line + "\n" + tr("lab.eval.source_line", result.source) + "\n");
}

Status run_choices(const ChoiceFlags& given, const Context& context) {
  SLM_TRY(task, choice_task(given.task));
  SLM_TRY(subject, open_eval_subject(given.model));
  SLM_TRY(data, chosen_items(task, given));
  SLM_TRY(cache, open_answer_cache());
  const lab::RunOptions options{given.limit.value_or(SIZE_MAX), given.seed, cache.get()};
  const auto result = lab::run_row(data, subject.under_test, options, watch_measurement());
  end_progress();
  if (!result) return tl::unexpected<Error>(result.error());
  if (result->not_kept_because) note(msg("lab.task.not_kept", result->not_kept, result->not_kept_because->text()));
  if (result->stopped) {
    return fail_with_hint(result->stopped->kind, result->stopped->message, msg("lab.task.goes_on", result->records.size(), result->asked_for));
  }
  if (context.json) {
    SLM_TRY(json, lab::choices_json(data, *result));
    print_json(json);
  } else {
    print_score(task, *result);
  }
  return {};
}

}  // namespace

EvalSubcommand add_eval_choices(CLI::App& eval) {
  auto flags = std::make_shared<ChoiceFlags>();
  CLI::App* choices = eval.add_subcommand("choices", tr("lab.eval.choices.summary"));
  add_model_flags(*choices, flags->model, false);
  choices->add_option("TASK", flags->task, tr("lab.flag.task"))->required();
  choices->add_option("--limit", flags->limit, tr("lab.flag.limit"))->type_name("N");
  choices->add_option("--seed", flags->seed, tr("lab.flag.seed"))->type_name("N");
  choices->add_option("--data-dir", flags->data_dir, tr("lab.flag.data_dir"))->type_name("DIR");
  choices->add_flag("--no-pull", flags->no_pull, tr("hub.data.no_pull"));
  return {choices, [flags](const Context& context) { return run_choices(*flags, context); }};
}

}  // namespace slm::cli
