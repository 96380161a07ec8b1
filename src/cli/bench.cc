#include <memory>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/machine.h"
#include "base/text.h"
#include "cli/explain.h"
#include "cli/lab_commands.h"
#include "cli/open_model.h"
#include "lab/bench.h"
#include "lab/explain.h"
#include "lab/report_json.h"

namespace slm::cli {
namespace {

struct BenchFlags {
  ModelFlags model;
  lab::BenchPlan plan;
  bool explain = false, whole_head = false;
};

void add_list(CLI::App& app, const char* name, std::vector<uint32_t>& values, std::string_view key) {
  app.add_option(name, values, tr(key))->type_name("N,...")->delimiter(',')->allow_extra_args(false);
}

void print_rows(const lab::BenchDevice& device, const std::vector<lab::BenchRow>& rows) {
  const std::vector<size_t> widths = {8, 8, 8, 10, 16, 18};
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text = pad_right(cells[0], widths[0]);
    for (size_t i = 1; i < cells.size(); ++i) text += " " + pad_left(cells[i], widths[i]);
    write_out(text + "\n");
  };
  write_out(tr("lab.bench.header", device.cpu, device.isa, device.threads, fmt::format("{:.1f}", device.read_gb_per_s)) + "\n");
  line({tr("lab.bench.work"), tr("lab.bench.tokens"), tr("lab.bench.depth"), tr("lab.bench.sequences"), tr("lab.bench.rate"),
        tr("lab.bench.range")});
  for (const lab::BenchRow& row : rows) {
    line({tr(row.work == lab::BenchWork::kPrefill ? "lab.bench.prefill" : "lab.bench.decode"), std::to_string(row.tokens),
          std::to_string(row.depth), std::to_string(row.sequences), fmt::format("{:.1f}", row.median_rate()),
          fmt::format("{:.1f} - {:.1f}", row.lowest_rate(), row.highest_rate())});
  }
  if (lab::is_busy(device.share_on_fewer_threads)) write_out(lab::busy_text(device.share_on_fewer_threads) + "\n");
}

Result<OpenedModel> open_for(const std::vector<lab::BenchRow>& rows, ModelFlags model) {
  const uint32_t needed = lab::context_needed(rows);
  const bool is_derived = model.context == 0;
  if (is_derived) {
    model.context = needed;
  } else if (model.context < needed) {
    return fail(ErrorKind::kUsage, "lab.bench_context", needed, model.context);
  }
  model.sequences = lab::sequences_needed(rows);
  auto opened = resolve_and_open(model, true);
  // The user gave lengths and no context: the error says where it comes from.
  if (!opened && is_derived && opened.error().message.key == "runtime.context_beyond_model") {
    opened.error().hint = msg("lab.bench_shorter");
  }
  return opened;
}

Status measure_speed(Runtime& runtime, lab::BenchDevice device, std::vector<lab::BenchRow>& rows, uint32_t repetitions, bool json) {
  const lab::Watch watch = watch_measurement();
  device.read_gb_per_s = measure_read_bandwidth(runtime.threads());
  const Status measured = lab::run_bench(runtime, rows, repetitions, watch);
  end_progress();
  device.share_on_fewer_threads = runtime.share_on_fewer_threads();
  // What was measured before Ctrl-C took minutes perhaps: it is shown, then that it is not all. JSON is one object, the error's.
  std::erase_if(rows, [](const lab::BenchRow& row) { return row.rates.empty(); });
  if (json && measured) {
    print_json(lab::bench_json(device, rows));
  } else if (!json && !rows.empty()) {
    print_rows(device, rows);
  }
  return measured;
}

Status explain_time(Runtime& runtime, const lab::BenchDevice& device, const std::vector<lab::BenchRow>& rows, uint32_t repetitions, bool json) {
  const lab::Watch watch = watch_measurement();
  Explanation explanation{device, measure_limits(runtime.model().kernels(), runtime.threads()), {}};
  auto explained = lab::explain(runtime, rows, repetitions, watch);
  end_progress();
  if (!explained) return tl::unexpected<Error>(explained.error());
  explanation.rows = std::move(*explained);
  explanation.device.share_on_fewer_threads = runtime.share_on_fewer_threads();
  if (json) {
    print_json(explanation_json(explanation));
  } else {
    print_explanation(explanation);
  }
  return {};
}

Status run_bench_command(const BenchFlags& flags, const Context& context) {
  SLM_TRY(rows, lab::plan_rows(flags.plan));
  ModelFlags model = flags.model;
  model.screen_head = !flags.whole_head;
  SLM_TRY(opened, open_for(rows, model));
  Runtime& runtime = *opened.runtime;
  const lab::BenchDevice device{machine_facts().cpu, std::string(runtime.model().kernels().name), runtime.threads(), 0};
  if (flags.explain) return explain_time(runtime, device, rows, flags.plan.repetitions, context.json);
  return measure_speed(runtime, device, rows, flags.plan.repetitions, context.json);
}

}  // namespace

Run setup_bench(CLI::App& app) {
  auto flags = std::make_shared<BenchFlags>();
  add_model_flags(app, flags->model, false);
  add_list(app, "--prefill", flags->plan.prefill, "lab.flag.prefill");
  add_list(app, "--decode", flags->plan.decode, "lab.flag.decode");
  add_list(app, "--depth", flags->plan.depth, "lab.flag.depth");
  add_list(app, "--sequences", flags->plan.sequences, "lab.flag.sequences");
  app.add_option("--repetitions", flags->plan.repetitions, tr("lab.flag.repetitions"))->type_name("N");
  app.add_flag("--explain", flags->explain, tr("lab.flag.explain"));
  app.add_flag("--whole-head", flags->whole_head, tr("lab.flag.whole_head"));
  return [flags](const Context& context) { return run_bench_command(*flags, context); };
}

}  // namespace slm::cli
