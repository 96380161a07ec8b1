#include "lab/bench.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/message.h"
#include "lab/bench_round.h"
#include "lab/statistics.h"

namespace slm::lab {
namespace {

constexpr double kBusyShare = 0.1;  // less is a moment of another program

}  // namespace

std::string_view work_name(BenchWork work) { return work == BenchWork::kPrefill ? "prefill" : "decode"; }

double BenchRow::median_rate() const { return median(rates); }
double BenchRow::lowest_rate() const { return *std::min_element(rates.begin(), rates.end()); }
double BenchRow::highest_rate() const { return *std::max_element(rates.begin(), rates.end()); }

Result<std::vector<BenchRow>> plan_rows(const BenchPlan& plan) {
  if (plan.repetitions == 0 || plan.repetitions > limits::kBenchMaxRepetitions) {
    return fail(ErrorKind::kUsage, "lab.bench_repetitions", plan.repetitions, limits::kBenchMaxRepetitions);
  }
  std::vector<BenchRow> rows;
  for (const BenchWork work : {BenchWork::kPrefill, BenchWork::kDecode}) {
    for (const uint32_t sequences : plan.sequences) {
      if (sequences == 0 || sequences > limits::kMaxSequences) {
        return fail(ErrorKind::kUsage, "lab.bench_sequences", sequences, limits::kMaxSequences);
      }
      for (const uint32_t depth : plan.depth) {
        for (const uint32_t tokens : work == BenchWork::kPrefill ? plan.prefill : plan.decode) {
          if (tokens == 0) continue;
          if (tokens > limits::kMaxContext || depth > limits::kMaxContext) {
            return fail(ErrorKind::kUsage, "lab.bench_too_long", std::max(tokens, depth), limits::kMaxContext);
          }
          rows.push_back({work, tokens, depth, sequences, {}});
          if (rows.size() > limits::kBenchMaxRows) return fail(ErrorKind::kUsage, "lab.bench_rows", limits::kBenchMaxRows);
        }
      }
    }
  }
  if (rows.empty()) return fail(ErrorKind::kUsage, "lab.bench_nothing");
  return rows;
}

uint32_t context_needed(const std::vector<BenchRow>& rows) {
  uint32_t most = 0;
  for (const BenchRow& row : rows) most = std::max(most, row.depth + row.tokens + 2);  // a token of prompt, one of output
  return most;
}

uint32_t sequences_needed(const std::vector<BenchRow>& rows) {
  uint32_t most = 1;
  for (const BenchRow& row : rows) most = std::max(most, row.sequences);
  return most;
}

Status warm_up(Runtime& runtime, const std::vector<BenchRow>& rows, const Watch& watch) {
  for (BenchRow row : rows) {
    SLM_TRY_STATUS(watch.check());
    row.tokens = std::min(row.tokens, 16u);
    row.depth = 0;
    SLM_TRY(seconds, run_round(runtime, row));
    static_cast<void>(seconds);
  }
  return {};
}

Status run_bench(Runtime& runtime, std::vector<BenchRow>& rows, uint32_t repetitions, const Watch& watch) {
  SLM_TRY_STATUS(warm_up(runtime, rows, watch));
  const uint64_t total = uint64_t{repetitions} * rows.size();
  for (uint64_t done = 0; done < total; ++done) {
    SLM_TRY_STATUS(watch.check());
    BenchRow& row = rows[done % rows.size()];
    SLM_TRY(seconds, run_round(runtime, row));
    const double rate = static_cast<double>(row.sequences) * row.tokens / std::max(seconds, 1e-9);
    row.rates.push_back(rate);
    watch.report({msg("lab.stage.bench"), done + 1, total, fmt::format("{} {}: {:.1f}", work_name(row.work), row.tokens, rate)});
  }
  return {};
}

bool is_busy(double share_on_fewer_threads) { return share_on_fewer_threads > kBusyShare; }

std::string busy_text(double share_on_fewer_threads) { return tr("lab.bench.busy", fmt::format("{:.0f}", 100 * share_on_fewer_threads)); }

}  // namespace slm::lab
