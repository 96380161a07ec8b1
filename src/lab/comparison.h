// Two models side by side: rows of measured values, each with a verdict by a stated rule. Pure functions of records.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/message.h"
#include "lab/perplexity.h"
#include "lab/planning/stopping.h"
#include "lab/statistics.h"
#include "runtime/model_quantization.h"

namespace slm::lab {

// Exact figures: no difference within `margin` of the larger.
Verdict verdict_of_figures(double a, double b, Direction direction, double margin);

inline constexpr double kMemoryMargin = 0.02;  // of a peak of memory measured once

// One answer, so that anyone can compute a row again.
struct ItemRecord {
  uint32_t item = 0;          // number in its set, or of the repetition
  char model = 'a';           // 'a' or 'b'
  std::string answer;         // what was measured, as text: an ending's number; may be empty
  double grade = 0;           // 1 or 0 for right and wrong; else the measured value
  std::string transcript = {};  // what the model read and wrote, or how it scored each ending; empty for a timed run
  std::string prompt = {};      // of a user's own prompts: what was asked; `answer` is then all that was written
  double weight = 1;            // of the item in a mean
};

// The slow end of timed runs: the 95th percentile of times, the 5th of speeds. Of few runs its interval is too narrow.
struct SlowEnd {
  double value = 0;
  Interval interval;          // 95 %, bootstrap
};

struct Value {
  std::string text;           // as shown; the same in every language
  std::optional<double> number;
  bool at_chance = false;     // a rate that guessing would give: its interval holds the chance level
  std::optional<SlowEnd> slow_end = {};
};

enum class Effect : uint8_t { kNone, kRatio, kDifference };

struct ComparisonRow {
  std::string id;             // "file_size"
  std::string table;          // "deployment", "speed", "language", "ability"
  std::string language;       // of what is asked, ISO 639-1; "" of what is not of one language
  Message label;
  Value a, b;
  Effect effect_kind = Effect::kNone;
  double effect = 0;          // A / B or A - B
  bool is_rate = false;       // a, b and the effect are rates, shown in points of a hundred
  std::optional<Interval> interval;  // of the effect, 95 %
  std::optional<double> margin;      // a smaller difference does not matter: of judge_sums()
  std::optional<double> p;           // of "no difference", on its own; allows for the looks taken
  std::optional<double> p_adjusted;  // Holm, over the rows of its table: judge_together()
  std::optional<double> p_equivalent;  // of "a difference as large as the margin, or larger"
  std::optional<double> probability;   // that A is better
  std::optional<uint64_t> more_items;  // of kTooFew: items, or runs, that would tell with a power of 80 %
  std::optional<double> chance;        // rate right by guessing
  Verdict verdict = Verdict::kFact;
  std::vector<Look> looks;             // taken while the answers came in, where they might have ended the row; records are in that order
  double looks_alpha = kSignificance;  // the error of all of them together
  Message reason;             // of kNotMeasured; of kFact what a reader should know besides, may be empty
  std::vector<ItemRecord> records;
};

// Runs of two models taken in turns.
struct TimedRuns {
  std::vector<double> a, b;
};

// Sets the row's effect, interval, tests and verdict from yes/no answers to the same items. `chance`: the rate of guessing, where there is
// one. `p_of_looks`: that of sequential_mcnemar(), where answers were looked at while they came in and might have ended the row.
void judge_pairs(ComparisonRow& row, const PairedCounts& counts, std::optional<double> chance = {}, std::optional<double> p_of_looks = {});
// The same from values of the same items: sum(a) / sum(weight) against sum(b) / sum(weight); with weights of 1, the mean difference.
// A difference of less than `margin` does not matter. REQUIRES: lengths equal and not 0, weights and margin > 0.
void judge_sums(ComparisonRow& row, const WeightedSums& sums, Direction direction, double margin, uint64_t seed);
// Medians of two samples: their ratio, and the slow end of each. REQUIRES: both not empty, all > 0.
void judge_runs(ComparisonRow& row, const TimedRuns& runs, Direction direction, uint64_t seed);
// Once all rows are there: Holm over the differences of each table, and their verdicts again, by the adjusted p. Ratios stay as they are:
// a device gives as many runs as one asks it for.
void judge_together(std::vector<ComparisonRow>& rows);

// "48 [38, 58]": a rate in points of a hundred, with Wilson's interval. REQUIRES: n > 0.
Value rate_value(uint64_t right, uint64_t n);

// Rows from what was measured.
ComparisonRow fact_row(std::string_view id, std::string_view table, Message label, Value a, Value b);
ComparisonRow figure_row(std::string_view id, std::string_view table, Message label, Value a, Value b, Direction direction,
                         double margin);
// REQUIRES: both not empty, all > 0.
ComparisonRow runs_row(std::string_view id, Message label, const TimedRuns& runs, Direction direction, uint64_t seed);
// Bits per byte over the same sentences; `ids` are their numbers. REQUIRES: equal lengths, not empty.
struct PairedSentences {
  std::vector<uint32_t> ids;
  std::vector<std::string> texts;
  std::vector<SentenceBits> a, b;
};
ComparisonRow sentences_row(std::string_view id, Message label, const PairedSentences& sentences, uint64_t seed);
ComparisonRow unmeasured_row(std::string_view id, std::string_view table, Message label, Message reason);

// The context both models are opened at, or their own where it is shorter.
inline constexpr uint32_t kComparisonContext = 2'048;

struct ComparedModel {
  std::string name, path, sha256, architecture, license;
  ModelQuantization quantization = {};
  uint64_t bytes = 0, parameters = 0;
  uint32_t context = 0;
  bool is_instruct = true;
  std::string endpoint = {};          // URL that serves it; then path and sha256 are "", and so may be all but the name
};

struct Comparison {
  std::string cpu, isa;
  int threads = 0;
  double share_on_fewer_threads = 0;  // of the time for speeds: see Runtime; the larger of both models'
  std::string tier;
  ComparedModel a, b;
  std::vector<ComparisonRow> rows;
  std::vector<std::string> sources;   // data files read
  uint64_t seed = 0;
  double seconds = 0;
  bool interrupted = false;           // stopped by the user: rows hold what was done until then
  std::vector<Message> warnings;      // what went wrong and could be done without
};

// 812, 81.2, 8.12, 0.812: three figures, none before the point lost.
std::string format_figure(double value);

}  // namespace slm::lab
