#include <algorithm>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/eval_subject.h"
#include "cli/lab_commands.h"
#include "cli/missing_data.h"
#include "lab/data_directories.h"
#include "lab/datasets.h"
#include "lab/tasks/task_json.h"

namespace slm::cli {
namespace {

struct RunFlags {
  ModelFlags model;
  EndpointFlags endpoint;       // in place of the model
  std::string task, data_dir, out;
  std::vector<std::string> rows;
  std::optional<uint64_t> limit;
  std::optional<uint32_t> shots;
  uint64_t seed = lab::kSubsetSeed;
  bool fresh = false, no_pull = false;
};

Result<std::vector<const lab::TaskRow*>> chosen_rows(const lab::Task& task, const std::vector<std::string>& wanted) {
  std::vector<const lab::TaskRow*> rows;
  std::string all;
  for (const lab::TaskRow& row : task.rows) {
    if (wanted.empty()) rows.push_back(&row);
    all += (all.empty() ? "" : ", ") + (row.id.empty() ? "-" : row.id);
  }
  for (const std::string& id : wanted) {
    const lab::TaskRow* row = task.find_row(id);
    if (row == nullptr) return fail(ErrorKind::kUsage, "lab.task.no_row_named", task.name, id, all);
    rows.push_back(row);
  }
  return rows;
}

struct Loaded {
  std::vector<lab::RowData> rows;
  std::vector<lab::TaskRun::Missing> missing;
};

// A row whose data is not at hand is left out with the reason; when none is, that is the error.
Result<Loaded> load_present_rows(const lab::Task& task, const RunFlags& given) {
  SLM_TRY(rows, chosen_rows(task, given.rows));
  SLM_TRY(directories, lab::data_directories(given.data_dir));
  // A task of one's own may have its data beside it.
  if (lab::names_a_task_file(given.task)) {
    const std::string beside = std::filesystem::path(given.task).parent_path().string();
    directories.insert(directories.begin() + (given.data_dir.empty() ? 0 : 1), beside.empty() ? "." : beside);
  }
  Loaded loaded;
  std::optional<Error> first_missing;
  for (const lab::TaskRow* row : rows) {
    auto data = lab::load_row(task, *row, directories, {given.seed, given.shots});
    if (data) {
      loaded.rows.push_back(std::move(*data));
      continue;
    }
    if (data.error().kind != ErrorKind::kNotFound) return tl::unexpected<Error>(data.error());
    if (!first_missing) first_missing = data.error();
    loaded.missing.push_back({row->id, data.error().text(Language::kEnglish)});
  }
  if (loaded.rows.empty()) return tl::unexpected<Error>(*first_missing);
  return loaded;
}

// Whether what lies here does for what is asked: as many items as the limit, of every row.
bool is_enough(const Result<Loaded>& loaded, std::optional<uint64_t> limit) {
  if (!loaded || !loaded->missing.empty() || !limit) return false;
  return std::all_of(loaded->rows.begin(), loaded->rows.end(), [&](const lab::RowData& row) { return row.items.size() >= *limit; });
}

// The whole sets are fetched where what is here is not enough.
Result<Loaded> load_rows(const lab::Task& task, const RunFlags& given) {
  auto loaded = load_present_rows(task, given);
  const bool may_help = loaded || loaded.error().kind == ErrorKind::kNotFound;
  if (given.no_pull || !may_help || is_enough(loaded, given.limit)) return loaded;
  SLM_TRY(came, fetch_missing_data(lab::data_folders(task), given.data_dir));
  return came ? load_present_rows(task, given) : std::move(loaded);
}

std::string percent(double rate) { return fmt::format("{:.1f}", 100 * rate); }

void print_row(const lab::Task& task, const lab::TaskResult& row) {
  const lab::TaskScore& score = row.score;
  const lab::TaskRow& of_task = *task.find_row(row.row);
  std::string name = task.title(language());
  if (!row.row.empty()) name += " / " + (language() == Language::kChinese ? of_task.title_zh : of_task.title_en);
  std::string text = tr("lab.task.score_line", name, lab::format_score(score), score.items);
  if (score.acc_by_sum && task.by_length) text += "  " + tr("lab.task.acc_part", percent(*score.acc_by_sum));
  for (const auto& [grader, mean] : score.also) text += fmt::format("  {} {}", grader, percent(mean));
  if (score.mean) text += "  " + tr("lab.task.mean_part", fmt::format("{}", fmt::join(task.mean, ", ")), percent(*score.mean));
  if (score.at_chance) text += "  " + tr("lab.task.at_chance", percent(*score.chance));
  for (const auto& [mark, n] : score.marks) text += fmt::format("  {} {}", mark, n);
  if (score.failed > 0) text += "  " + tr("lab.task.failed_part", score.failed);
  write_out(text + "\n");
}

void print_run(const lab::TaskRun& run) {
  for (const lab::TaskResult& row : run.rows) print_row(*run.task, row);
  for (const lab::TaskRun::Missing& one : run.missing) {
    write_out(tr("lab.task.missing_line", one.row.empty() ? run.task->name : one.row, one.reason) + "\n");
  }
  const lab::TaskResult& first = run.rows.front();
  const std::string asked = first.prompting == "chat" ? tr("lab.task.by_chat") : tr("lab.task.by_text", first.shots);
  write_out(tr("lab.task.asked_line", run.model, tr(run.is_instruct ? "lab.kind.instruct" : "lab.kind.base"), asked, first.source) + "\n");
}

Status write_transcripts(const lab::TaskRun& run, const std::string& path) {
  std::string lines;
  for (const lab::TaskResult& row : run.rows) {
    for (const lab::TaskRecord& record : row.records) lines += to_text(lab::transcript_json(run, row, record)) + "\n";
  }
  return write_file_atomically(path, lines);
}

// Says what a run left open: answers that were not kept, and, as the command's error, a stop before the end.
Status end_of(const lab::TaskRun& run, bool has_cache) {
  for (const lab::TaskResult& row : run.rows) {
    if (row.not_kept_because) note(msg("lab.task.not_kept", row.not_kept, row.not_kept_because->text()));
  }
  const lab::TaskResult& last = run.rows.back();
  if (!last.stopped) return {};
  const Message hint = has_cache ? msg("lab.task.goes_on", last.records.size(), last.asked_for) : Message{};
  return fail_with_hint(last.stopped->kind, last.stopped->message, hint);
}

Status run_task(const RunFlags& given, const Context& context) {
  if (given.limit && *given.limit == 0) return fail(ErrorKind::kUsage, "lab.no_limit");
  SLM_TRY(task, lab::find_task(given.task));
  const lab::Watch watch = watch_measurement();
  SLM_TRY(subject, open_eval_subject(given.model, given.endpoint, watch.cancelled));  // before anything is fetched: its name may be wrong
  SLM_TRY(loaded, load_rows(task, given));
  std::unique_ptr<lab::AnswerCache> cache;
  if (!given.fresh) {
    SLM_TRY(opened, open_answer_cache());
    cache = std::move(opened);
  }
  const lab::RunOptions options{given.limit.value_or(SIZE_MAX), given.seed, cache.get()};
  lab::TaskRun run{&task, subject.name, subject.is_instruct, given.seed, {}, std::move(loaded.missing)};
  for (const lab::RowData& data : loaded.rows) {
    const auto number = static_cast<uint64_t>(&data - loaded.rows.data()) + 1;
    const lab::Watch of_row{[&](lab::Progress progress) {
                              progress.row = number;
                              progress.rows = loaded.rows.size();
                              watch.report(progress);
                            }, watch.cancelled};
    auto row = lab::run_row(data, subject.under_test, options, of_row);
    if (!row) {
      end_progress();
      return tl::unexpected<Error>(row.error());
    }
    run.rows.push_back(std::move(*row));
    if (run.rows.back().stopped) break;
  }
  end_progress();
  if (subject.endpoint) {
    for (const Message& warning : lab::endpoint_warnings(*subject.endpoint, subject.name)) note(warning);
  }
  if (!given.out.empty()) SLM_TRY_STATUS(write_transcripts(run, given.out));
  const Status ended = end_of(run, cache != nullptr);
  // With --json there is one document: the facts, or what stopped them.
  if (!context.json) {
    print_run(run);
  } else if (ended) {
    print_json(lab::task_run_json(run));
  }
  return ended;
}

Status list_tasks(const Context& context) {
  SLM_TRY(tasks, lab::shipped_tasks());
  if (context.json) {
    print_json(lab::tasks_json(tasks));
    return {};
  }
  std::string text;
  for (const lab::Task& task : tasks) {
    text += pad_right(task.name, 22) + pad_right(task.table, 12) + pad_right(std::string(lab::task_kind_name(task.kind)), 10) +
            task.title(language()) + (task.license.empty() ? "" : "  [" + task.license + "]") + "\n";
  }
  write_out(text);
  return {};
}

}  // namespace

EvalSubcommand add_eval_run(CLI::App& eval) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* run = eval.add_subcommand("run", tr("lab.task.run.summary"));
  run->add_option("TASK", flags->task, tr("lab.task.flag.task"))->required();
  add_model_flags(*run, flags->model);
  run->get_option("MODEL")->required(false);
  run->add_option("--endpoint", flags->endpoint.endpoints, tr("lab.endpoint.flag_one"))->type_name("URL=NAME")->allow_extra_args(false);
  run->add_option("--endpoint-wait", flags->endpoint.wait_seconds, tr("lab.endpoint.flag_wait"))->type_name("SECONDS");
  run->add_option("--row", flags->rows, tr("lab.task.flag.row"))->type_name("ID")->allow_extra_args(false);
  run->add_option("--limit", flags->limit, tr("lab.task.flag.limit"))->type_name("N");
  run->add_option("--seed", flags->seed, tr("lab.flag.seed"))->type_name("N");
  run->add_option("--shots", flags->shots, tr("lab.task.flag.shots"))->type_name("N")->check(CLI::Range(0u, 1'000u));
  run->add_option("--data-dir", flags->data_dir, tr("lab.flag.data_dir"))->type_name("DIR");
  run->add_option("--out", flags->out, tr("lab.task.flag.out"))->type_name("FILE.jsonl");
  run->add_flag("--fresh", flags->fresh, tr("lab.task.flag.fresh"));
  run->add_flag("--no-pull", flags->no_pull, tr("hub.data.no_pull"));
  return {run, [flags](const Context& context) { return run_task(*flags, context); }};
}

EvalSubcommand add_eval_tasks(CLI::App& eval) {
  return {eval.add_subcommand("tasks", tr("lab.task.tasks.summary")), list_tasks};
}

}  // namespace slm::cli
