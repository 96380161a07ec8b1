#include "lab/bench.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/limits.h"
#include "lab/statistics.h"
#include "runtime/runtime.h"

namespace slm::lab {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Ids of ordinary tokens, the same for the same number: what they say does not matter to the speed.
std::vector<TokenId> arbitrary_ids(const Runtime& runtime, size_t n, uint64_t seed) {
  const Tokenizer& tokenizer = runtime.tokenizer();
  SeededRandom random(seed);
  std::vector<TokenId> ids;
  for (size_t tries = 0; ids.size() < n; ++tries) {
    const auto id = static_cast<TokenId>(random.below(tokenizer.size()));
    // A vocabulary without normal tokens must not hang this.
    if (tokenizer.kind(id) == TokenKind::kNormal || tries > 100 * n) ids.push_back(id);
  }
  return ids;
}

Request request_for(std::vector<TokenId> prompt, uint32_t tokens) {
  Request request;
  request.prompt = std::move(prompt);
  request.max_tokens = tokens;
  return request;  // greedy, no end tokens: every token asked for is made
}

// Runs until all sequences together have given `outputs` tokens. Error: a sequence started with less than `depth` of its
// context kept, so that the work would not be what the row says.
Status step_until(Engine& engine, uint64_t outputs, uint32_t depth) {
  uint64_t seen = 0;
  while (seen < outputs && !engine.idle()) {
    for (const StepOutput& output : engine.step()) {
      seen += output.id.has_value();
      if (output.cached_tokens < depth) return fail(ErrorKind::kFailed, "lab.bench_not_kept", depth, output.cached_tokens);
    }
  }
  return {};
}

// Ends whatever still runs, so that the next measurement starts alone; keeps a sequence's KV where asked.
std::optional<uint64_t> finish(Engine& engine, SequenceId sequence, bool keep) {
  while (!engine.idle()) engine.step();
  return engine.release(sequence, keep);
}

struct Sequences {
  std::vector<std::vector<TokenId>> before;       // (sequences, depth)
  std::vector<std::optional<uint64_t>> retained;  // their KV
};

// Fills the context of each sequence up to `depth`, unmeasured.
Result<Sequences> fill_contexts(Runtime& runtime, const BenchRow& row) {
  Sequences filled;
  for (uint32_t s = 0; s < row.sequences; ++s) {
    filled.before.push_back(arbitrary_ids(runtime, row.depth, s + 1));
    std::optional<uint64_t> handle;
    if (row.depth > 0) {
      SLM_TRY(sequence, runtime.engine().submit(request_for(filled.before.back(), 1)));
      handle = finish(runtime.engine(), sequence, true);
    }
    filled.retained.push_back(handle);
  }
  return filled;
}

Result<std::vector<SequenceId>> submit_all(Runtime& runtime, const Sequences& filled, uint32_t prompt_tokens, uint32_t output_tokens) {
  std::vector<SequenceId> started;
  for (size_t s = 0; s < filled.before.size(); ++s) {
    std::vector<TokenId> prompt = filled.before[s];
    const std::vector<TokenId> more = arbitrary_ids(runtime, prompt_tokens, 1'000 + s);
    prompt.insert(prompt.end(), more.begin(), more.end());
    Request request = request_for(std::move(prompt), output_tokens);
    request.reuse = filled.retained[s];
    SLM_TRY(sequence, runtime.engine().submit(std::move(request)));
    started.push_back(sequence);
  }
  return started;
}

Result<double> measure_once(Runtime& runtime, const BenchRow& row) {
  runtime.forget();  // its retained sequence would hold memory meant for ours
  Engine& engine = runtime.engine();
  SLM_TRY(filled, fill_contexts(runtime, row));
  const bool prefill = row.work == BenchWork::kPrefill;
  // Decode starts from one token of prompt after the depth; the clock starts with the first output, whose step is the prompt's.
  SLM_TRY(started, submit_all(runtime, filled, prefill ? row.tokens : 1, prefill ? 1 : row.tokens + 1));
  const uint64_t sequences = row.sequences;
  if (!prefill) SLM_TRY_STATUS(step_until(engine, sequences, row.depth));
  const Clock::time_point start = Clock::now();
  SLM_TRY_STATUS(step_until(engine, prefill ? sequences : sequences * row.tokens, row.depth));
  const double seconds = seconds_since(start);
  for (SequenceId sequence : started) finish(engine, sequence, false);
  for (const auto& handle : filled.retained) {
    if (handle) engine.drop(*handle);
  }
  return static_cast<double>(sequences) * row.tokens / std::max(seconds, 1e-9);
}

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

Status run_bench(Runtime& runtime, std::vector<BenchRow>& rows, uint32_t repetitions, const Watch& watch) {
  // One short round first: pages of the file come into memory, the clock of the CPU comes up.
  for (BenchRow row : rows) {
    SLM_TRY_STATUS(watch.check());
    row.tokens = std::min(row.tokens, 16u);
    row.depth = 0;
    SLM_TRY(ignored, measure_once(runtime, row));
    static_cast<void>(ignored);
  }
  const uint64_t total = uint64_t{repetitions} * rows.size();
  for (uint64_t done = 0; done < total; ++done) {
    SLM_TRY_STATUS(watch.check());
    BenchRow& row = rows[done % rows.size()];
    SLM_TRY(rate, measure_once(runtime, row));
    row.rates.push_back(rate);
    watch.report({msg("lab.stage.bench"), done + 1, total, fmt::format("{} {}: {:.1f}", work_name(row.work), row.tokens, rate)});
  }
  return {};
}

}  // namespace slm::lab
