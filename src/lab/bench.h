// Tokens per second of prefill and decode, as the engine really works: whole steps with the choice of the token (argmax) in them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/scorer.h"

namespace slm::lab {

enum class BenchWork : uint8_t { kPrefill, kDecode };
std::string_view work_name(BenchWork work);  // "prefill", "decode"

struct BenchPlan {
  std::vector<uint32_t> prefill = {512};   // tokens of a prompt
  std::vector<uint32_t> decode = {128};    // tokens generated one after another
  std::vector<uint32_t> depth = {0};       // tokens already in the context
  std::vector<uint32_t> sequences = {1};   // at once
  uint32_t repetitions = 5;
};

struct BenchRow {
  BenchWork work = BenchWork::kPrefill;
  uint32_t tokens = 0, depth = 0, sequences = 1;
  std::vector<double> rates;               // tokens a second of all sequences together, one a repetition

  double median_rate() const;
  double lowest_rate() const;
  double highest_rate() const;
};

// The rows of a plan, without measurements: prefill rows, then decode rows, for each number of sequences and depth; lengths of 0
// mean that work is left out. Errors: kUsage (0 sequences or repetitions, too many rows, nothing to measure).
Result<std::vector<BenchRow>> plan_rows(const BenchPlan& plan);
// The context a model must be opened with for these rows, and how many sequences.
uint32_t context_needed(const std::vector<BenchRow>& rows);
uint32_t sequences_needed(const std::vector<BenchRow>& rows);

// One unmeasured round of short work of each row: pages of the file come into memory, the clock of the CPU comes up.
Status warm_up(Runtime& runtime, const std::vector<BenchRow>& rows, const Watch& watch);

// Measures each row once per repetition, all rows in turn (drift and heat meet all alike), after warm_up(). The model must
// have been opened as context_needed() and sequences_needed() say. Errors: those of the engine; kFailed when cancelled.
Status run_bench(Runtime& runtime, std::vector<BenchRow>& rows, uint32_t repetitions, const Watch& watch);

// Whether so much of the time on fewer threads makes speeds those of a busy machine, and what is said then.
bool is_busy(double share_on_fewer_threads);
std::string busy_text(double share_on_fewer_threads);

}  // namespace slm::lab
