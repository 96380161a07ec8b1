#include <unistd.h>

#include <memory>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/lab_commands.h"
#include "cli/open_model.h"
#include "cli/prompt_text.h"
#include "lab/choices.h"
#include "lab/datasets.h"
#include "lab/perplexity.h"
#include "lab/report_json.h"

namespace slm::cli {
namespace {

struct PerplexityFlags {
  ModelFlags model;
  std::string file, encoding;
  lab::PerplexityOptions options;
};

struct ChoiceFlags {
  ModelFlags model;
  std::string task, data_dir;
  std::optional<uint64_t> limit;
  uint64_t seed = lab::kSubsetSeed;
};

Status run_perplexity(const PerplexityFlags& given, const Context& context) {
  SLM_TRY(bytes, given.file == "-" ? read_descriptor(STDIN_FILENO) : read_text_file(given.file));
  SLM_TRY(text, decode_text(bytes, given.encoding, given.file));
  ModelFlags model = given.model;
  // Windows of N tokens need no longer context than that.
  if (model.context == 0 && given.options.window > 0) model.context = given.options.window;
  SLM_TRY(opened, resolve_and_open(model, true));
  lab::RuntimeScorer scorer(*opened.runtime);
  const lab::Watch watch = watch_measurement();
  const Result<lab::Perplexity> measured = lab::measure_perplexity(scorer, text, given.options, watch);
  end_progress();
  if (!measured) return tl::unexpected<Error>(measured.error());
  if (context.json) {
    print_json(lab::perplexity_json(*measured));
  } else {
    write_out(tr("lab.eval.perplexity_line", fmt::format("{:.4f}", measured->perplexity), fmt::format("{:.4f}", measured->standard_error),
                 fmt::format("{:.4f}", measured->bits_per_byte), measured->tokens) + "\n");
  }
  return {};
}

tl::unexpected<Error> unknown_task(const std::string& name) {
  std::vector<std::string> names;
  std::string all;
  for (const lab::ChoiceTask& task : lab::choice_tasks()) {
    names.emplace_back(task.name);
    all += (all.empty() ? "" : ", ") + names.back();
  }
  const auto near = nearest_spelling(name, names);
  return fail_with_hint(ErrorKind::kUsage, msg("lab.no_task", name, all), near ? msg("cli.did_you_mean", *near) : Message{});
}

Result<lab::DataSet<lab::ChoiceItem>> chosen_items(const ChoiceFlags& given) {
  const lab::ChoiceTask* task = lab::find_choice_task(given.task);
  if (task == nullptr) return unknown_task(given.task);
  if (given.limit && *given.limit == 0) return fail(ErrorKind::kUsage, "lab.no_limit");
  SLM_TRY(directories, lab::data_directories(given.data_dir));
  SLM_TRY(set, task->load(directories));
  const size_t limit = given.limit.value_or(set.items.size());
  if (limit > set.items.size()) {
    return fail_with_hint(ErrorKind::kNotFound, msg("lab.too_few_items", limit, set.source, set.items.size()),
                          msg("lab.too_few_items_hint"));
  }
  set.items = lab::select_items(std::move(set.items), limit, given.seed);
  return set;
}

Status run_choices(const ChoiceFlags& given, const Context& context) {
  SLM_TRY(set, chosen_items(given));
  SLM_TRY(opened, resolve_and_open(given.model, true));
  lab::RuntimeScorer scorer(*opened.runtime);
  const std::string title(lab::find_choice_task(given.task)->title);
  const lab::Watch watch = watch_measurement();
  const auto records = lab::score_items(scorer, set.items, msg("lab.stage.item", title, given.model.model), watch);
  end_progress();
  if (!records) return tl::unexpected<Error>(records.error());
  if (context.json) {
    print_json(lab::choices_json(given.task, set.source, *records));
    return {};
  }
  const lab::ChoiceSummary summary = lab::summarize(*records);
  const auto percent = [](double rate) { return fmt::format("{:.1f}", 100 * rate); };
  write_out(tr("lab.eval.choices_line", title, percent(summary.acc_norm), percent(summary.interval.low), percent(summary.interval.high),
               percent(summary.acc), summary.items) + "\n" + tr("lab.eval.source_line", set.source) + "\n");
  return {};
}

}  // namespace

Run setup_eval(CLI::App& app) {
  app.require_subcommand(1);
  auto perplexity_flags = std::make_shared<PerplexityFlags>();
  CLI::App* perplexity = app.add_subcommand("perplexity", tr("lab.eval.perplexity.summary"));
  add_model_flags(*perplexity, perplexity_flags->model, false);
  perplexity->add_option("FILE", perplexity_flags->file, tr("lab.flag.file"))->required();
  perplexity->add_option("--window", perplexity_flags->options.window, tr("lab.flag.window"))->type_name("N");
  perplexity->add_option("--encoding", perplexity_flags->encoding, tr("cli.flag.encoding"))->type_name("NAME");

  auto choice_flags = std::make_shared<ChoiceFlags>();
  CLI::App* choices = app.add_subcommand("choices", tr("lab.eval.choices.summary"));
  add_model_flags(*choices, choice_flags->model, false);
  choices->add_option("TASK", choice_flags->task, tr("lab.flag.task"))->required();
  choices->add_option("--limit", choice_flags->limit, tr("lab.flag.limit"))->type_name("N");
  choices->add_option("--seed", choice_flags->seed, tr("lab.flag.seed"))->type_name("N");
  choices->add_option("--data-dir", choice_flags->data_dir, tr("lab.flag.data_dir"))->type_name("DIR");

  const EvalSubcommand run = add_eval_run(app), tasks = add_eval_tasks(app);
  return [perplexity, perplexity_flags, choice_flags, run, tasks](const Context& context) -> Status {
    for (const EvalSubcommand& one : {run, tasks}) {
      if (one.app->parsed()) return one.run(context);
    }
    return perplexity->parsed() ? run_perplexity(*perplexity_flags, context) : run_choices(*choice_flags, context);
  };
}

}  // namespace slm::cli
