#include "cli/report.h"

#include <unistd.h>

#include <memory>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/aligned_columns.h"
#include "hub/store.h"
#include "lab/comparison_table.h"
#include "lab/report/diff.h"
#include "lab/report/merge.h"
#include "lab/report/read_comparison.h"
#include "lab/report/comparison_shape.h"
#include "lab/report/run_store.h"
#include "lab/report/summary.h"
#include "lab/report/write_reports.h"
#include "lab/text_table.h"

namespace slm::cli {
namespace {

struct ReportFlags {
  std::vector<int64_t> ids;
  bool merge = false, diff = false;
  lab::ReportPaths paths;               // json: always by --json, on stdout

  bool writes() const { return !paths.html.empty() || !paths.csv.empty() || !paths.markdown.empty(); }
};

Json run_json(const lab::StoredRun& run) {
  return {{"id", run.id},     {"time", run.time}, {"device", run.device}, {"models", {run.model_a, run.model_b}},
          {"tier", run.tier}, {"seed", run.seed}, {"rows", run.rows},     {"bytes", run.bytes}};
}

Status list_runs(const Context& context) {
  const std::string path = run_store_path();
  const auto store = lab::RunStore::open_to_read(path);
  if (!store && store.error().kind != ErrorKind::kNotFound) return tl::unexpected<Error>(store.error());
  std::vector<lab::StoredRun> runs;
  if (store) {
    SLM_TRY(found, store->list());
    runs = std::move(found);
  }
  if (context.json) {
    Json json{{"store", path}, {"runs", Json::array()}};
    for (const lab::StoredRun& run : runs) json["runs"].push_back(run_json(run));
    print_json(json);
    return {};
  }
  if (runs.empty()) {
    write_out(tr("lab.report.no_store", path) + "\n");
    return {};
  }
  std::vector<std::vector<std::string>> rows = {{"ID", tr("lab.report.column.time"), "A", "B", tr("lab.report.column.tier"), tr("lab.report.column.device")}};
  for (const lab::StoredRun& run : runs) {
    rows.push_back({std::to_string(run.id), printable(run.time), printable(run.model_a), printable(run.model_b), printable(run.tier),
                    printable(run.device)});
  }
  write_out(aligned_columns(rows));
  return {};
}

Status show_comparison(const Json& comparison, const ReportFlags& given, const Context& context) {
  if (context.json) {
    print_json(comparison);
  } else if (!given.writes()) {
    SLM_TRY(read, lab::read_comparison(comparison));
    write_out(text_report(read, comparison));
  }
  SLM_TRY_STATUS(lab::write_reports(comparison, given.paths));
  for (const std::string& path : {given.paths.html, given.paths.csv, given.paths.markdown}) {
    if (!path.empty()) note(msg("lab.report.wrote", path));
  }
  return {};
}

Status merge_runs(const std::vector<Json>& comparisons, const ReportFlags& given, const Context& context) {
  std::vector<lab::RunToMerge> runs;
  for (size_t i = 0; i < comparisons.size(); ++i) runs.push_back({given.ids[i], &comparisons[i]});
  SLM_TRY(merged, lab::merge_comparisons(runs));
  return show_comparison(merged, given, context);
}

Status diff_runs(const std::vector<Json>& comparisons, const ReportFlags& given, const Context& context) {
  if (comparisons.size() != 2) return fail(ErrorKind::kUsage, "lab.report.diff_two");
  if (given.writes()) return fail(ErrorKind::kUsage, "lab.report.diff_no_files");
  SLM_TRY(diff, lab::diff_comparisons(comparisons[0], comparisons[1]));
  if (context.json) {
    Json json{{"before", given.ids[0]}, {"after", given.ids[1]}};
    json.update(diff);
    print_json(json);
  } else {
    write_out(lab::diff_table(diff));
  }
  return {};
}

Status run_report(const ReportFlags& given, const Context& context) {
  if (given.merge && given.diff) return fail(ErrorKind::kUsage, "lab.report.merge_or_diff");
  if (given.ids.empty()) {
    if (given.merge) return fail(ErrorKind::kUsage, "lab.report.merge_two");
    if (given.diff) return fail(ErrorKind::kUsage, "lab.report.diff_two");
    if (given.writes()) return fail(ErrorKind::kUsage, "lab.report.which_run");
    return list_runs(context);
  }
  SLM_TRY(store, lab::RunStore::open_to_read(run_store_path()));
  std::vector<Json> comparisons;
  for (const int64_t id : given.ids) {
    SLM_TRY(comparison, store.comparison(id));
    comparisons.push_back(std::move(comparison));
  }
  if (given.merge) return merge_runs(comparisons, given, context);
  if (given.diff) return diff_runs(comparisons, given, context);
  if (comparisons.size() != 1) return fail(ErrorKind::kUsage, "lab.report.one_run");
  return show_comparison(comparisons.front(), given, context);
}

Status remove_runs(const std::vector<int64_t>& ids, const Context& context) {
  // Nothing is made where nothing was kept.
  SLM_TRY(reader, lab::RunStore::open_to_read(run_store_path()));
  static_cast<void>(reader);
  SLM_TRY(store, lab::RunStore::open(run_store_path()));
  for (const int64_t id : ids) {
    SLM_TRY_STATUS(store.remove(id));
    if (!context.json) write_out(tr("lab.report.removed", id) + "\n");
  }
  if (context.json) print_json(Json{{"removed", ids}});
  return {};
}

Status add_run(const std::string& file, const Context& context) {
  SLM_TRY(text, file == "-" ? read_descriptor(STDIN_FILENO, limits::kComparisonMaxBytes) : read_text_file(file, limits::kComparisonMaxBytes));
  const auto comparison = parse_json(text, limits::kJsonMaxDepth, limits::kComparisonMaxBytes);
  const Status is_one = comparison ? lab::check_comparison(*comparison) : tl::unexpected<Error>(comparison.error());
  if (!is_one) {
    return fail_with_hint(ErrorKind::kCorrupt, msg("lab.report.not_a_comparison", file, render(is_one.error().message, language())),
                          msg("lab.report.add_example"));
  }
  SLM_TRY(store, lab::RunStore::open(run_store_path()));
  SLM_TRY(id, store.add(*comparison));
  if (context.json) {
    print_json(Json{{"id", id}});
  } else {
    write_out(tr("lab.report.kept", id) + "\n");
  }
  return {};
}

}  // namespace

std::string text_report(const lab::Comparison& comparison, const Json& json) {
  std::string out = lab::terminal_table(comparison) + "\n";
  for (const std::string& line : wrap_text(lab::summary_text(json, language()), lab::kTerminalColumns)) out += line + "\n";
  return out;
}

std::string run_store_path() { return hub::Layout{hub::Store::open().root()}.runs(); }

Run setup_report(CLI::App& app) {
  app.require_subcommand(0, 1);
  auto flags = std::make_shared<ReportFlags>();
  app.add_option("ID", flags->ids, tr("lab.report.flag.id"));
  app.add_option("--html", flags->paths.html, tr("lab.report.flag.html"))->type_name("FILE");
  app.add_option("--csv", flags->paths.csv, tr("lab.report.flag.csv"))->type_name("FILE");
  app.add_option("--markdown", flags->paths.markdown, tr("lab.report.flag.markdown"))->type_name("FILE");
  app.add_flag("--merge", flags->merge, tr("lab.report.flag.merge"));
  app.add_flag("--diff", flags->diff, tr("lab.report.flag.diff"));

  auto removed = std::make_shared<std::vector<int64_t>>();
  CLI::App* rm = app.add_subcommand("rm", tr("lab.report.rm.summary"));
  rm->add_option("ID", *removed, tr("lab.report.flag.id"))->required();

  auto file = std::make_shared<std::string>();
  CLI::App* add = app.add_subcommand("add", tr("lab.report.add.summary"));
  add->add_option("FILE", *file, tr("lab.report.flag.file"))->required();

  return [=](const Context& context) -> Status {
    if (rm->parsed()) return remove_runs(*removed, context);
    if (add->parsed()) return add_run(*file, context);
    return run_report(*flags, context);
  };
}

}  // namespace slm::cli
