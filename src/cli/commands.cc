#include "cli/command.h"
#include "cli/completion.h"
#include "cli/doctor.h"
#include "cli/hub_commands.h"
#include "cli/lab_commands.h"
#include "cli/licenses.h"
#include "cli/logits.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/show.h"
#include "cli/tokenize.h"
#include "cli/version.h"

namespace slm::cli {

const std::vector<Command>& commands() {
  static const std::vector<Command> table = {
      {"run", "cli.run.summary", setup_run},
      {"pull", "hub.pull.summary", setup_pull},
      {"list", "hub.list.summary", setup_list},
      {"ls", "hub.list.summary", setup_list},
      {"search", "hub.search.summary", setup_search},
      {"fits", "cli.fits.summary", setup_fits},
      {"show", "cli.show.summary", setup_show},
      {"cp", "hub.store.cp.summary", setup_cp},
      {"rm", "hub.rm.summary", setup_rm},
      {"gc", "hub.store.gc.summary", setup_gc},
      {"verify", "hub.verify.summary", setup_verify},
      {"import", "hub.import.summary", setup_import},
      {"tokenize", "cli.tokenize.summary", setup_tokenize},
      {"logits", "cli.logits.summary", setup_logits},
      {"bench", "lab.bench.summary", setup_bench},
      {"eval", "lab.eval.summary", setup_eval},
      {"compare", "lab.compare.summary", setup_compare},
      {"audit", "lab.audit.command", setup_audit},
      {"report", "lab.report.summary", setup_report},
      {"doctor", "cli.doctor.summary", setup_doctor},
      {"licenses", "cli.licenses.summary", setup_licenses},
      {"version", "cli.version.summary", setup_version},
      {"completion", "cli.completion.summary", setup_completion},
  };
  return table;
}

}  // namespace slm::cli
