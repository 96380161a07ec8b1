#include "lab/bench_round.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

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
Status step_until(Engine& engine, uint64_t outputs, uint32_t depth, const std::function<void(double)>& after_step) {
  uint64_t seen = 0;
  while (seen < outputs && !engine.idle()) {
    const Clock::time_point start = after_step ? Clock::now() : Clock::time_point{};
    const std::vector<StepOutput> outputs_of_step = engine.step();
    if (after_step) after_step(seconds_since(start));
    for (const StepOutput& output : outputs_of_step) {
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

}  // namespace

Result<double> run_round(Runtime& runtime, const BenchRow& row, const StepWatch& watch) {
  runtime.forget();  // its retained sequence would hold memory meant for ours
  Engine& engine = runtime.engine();
  SLM_TRY(filled, fill_contexts(runtime, row));
  const bool prefill = row.work == BenchWork::kPrefill;
  // Decode starts from one token of prompt after the depth; the clock starts with the first output, whose step is the prompt's.
  SLM_TRY(started, submit_all(runtime, filled, prefill ? row.tokens : 1, prefill ? 1 : row.tokens + 1));
  const uint64_t sequences = row.sequences;
  if (!prefill) SLM_TRY_STATUS(step_until(engine, sequences, row.depth, {}));
  if (watch.started) watch.started();
  const Clock::time_point start = Clock::now();
  SLM_TRY_STATUS(step_until(engine, prefill ? sequences : sequences * row.tokens, row.depth, watch.stepped));
  const double seconds = seconds_since(start);
  for (SequenceId sequence : started) finish(engine, sequence, false);
  for (const auto& handle : filled.retained) {
    if (handle) engine.drop(*handle);
  }
  return seconds;
}

}  // namespace slm::lab
