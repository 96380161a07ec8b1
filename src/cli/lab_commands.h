// `slm bench`, `slm eval` and `slm compare`: flags in, lab's measurements out.
#pragma once

#include "cli/command.h"
#include "lab/scorer.h"

namespace slm::cli {

Run setup_bench(CLI::App& app);
Run setup_eval(CLI::App& app);
Run setup_compare(CLI::App& app);

// Progress on stderr: one line that is rewritten on a terminal, a plain line every ten seconds and at the end of a stage
// elsewhere. Ctrl-C (install_interrupt_handler() is called) stops the measurement.
lab::Watch watch_measurement();
// Takes the progress line away, before results are printed.
void end_progress();

}  // namespace slm::cli
