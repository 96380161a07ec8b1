#include <unistd.h>

#include <memory>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/lab_commands.h"
#include "cli/open_model.h"
#include "cli/prompt_text.h"
#include "lab/perplexity.h"
#include "lab/report_json.h"

namespace slm::cli {
namespace {

struct PerplexityFlags {
  ModelFlags model;
  std::string file, encoding;
  lab::PerplexityOptions options;
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

}  // namespace

Run setup_eval(CLI::App& app) {
  app.require_subcommand(1);
  auto perplexity_flags = std::make_shared<PerplexityFlags>();
  CLI::App* perplexity = app.add_subcommand("perplexity", tr("lab.eval.perplexity.summary"));
  add_model_flags(*perplexity, perplexity_flags->model, false);
  perplexity->add_option("FILE", perplexity_flags->file, tr("lab.flag.file"))->required();
  perplexity->add_option("--window", perplexity_flags->options.window, tr("lab.flag.window"))->type_name("N");
  perplexity->add_option("--encoding", perplexity_flags->encoding, tr("cli.flag.encoding"))->type_name("NAME");

  const EvalSubcommand choices = add_eval_choices(app), run = add_eval_run(app), tasks = add_eval_tasks(app);
  return [perplexity_flags, choices, run, tasks](const Context& context) -> Status {
    for (const EvalSubcommand& one : {choices, run, tasks}) {
      if (one.app->parsed()) return one.run(context);
    }
    return run_perplexity(*perplexity_flags, context);
  };
}

}  // namespace slm::cli
