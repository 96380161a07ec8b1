// `slm bench`, `slm eval`, `slm compare` and `slm audit`: flags in, lab's measurements out.
#pragma once

#include "cli/command.h"
#include "lab/scorer.h"

namespace slm::cli {

Run setup_bench(CLI::App& app);
Run setup_eval(CLI::App& app);
Run setup_compare(CLI::App& app);
Run setup_audit(CLI::App& app);

// Sub-commands of `eval` with a file of their own: each adds itself; the Run is for the one that was parsed.
struct EvalSubcommand {
  CLI::App* app;
  Run run;
};
EvalSubcommand add_eval_choices(CLI::App& eval);
EvalSubcommand add_eval_run(CLI::App& eval);
EvalSubcommand add_eval_tasks(CLI::App& eval);

// Progress on stderr: one line that is rewritten on a terminal, a plain line every ten seconds and at the end of a stage
// elsewhere. Ctrl-C (install_interrupt_handler() is called) stops the measurement.
lab::Watch watch_measurement();
// Takes the progress line away, before results are printed.
void end_progress();

}  // namespace slm::cli
