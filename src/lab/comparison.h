// Two models side by side: rows of measured values, each with a verdict by a stated rule. Pure functions of records.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/message.h"
#include "lab/choices.h"
#include "lab/perplexity.h"
#include "lab/statistics.h"

namespace slm::lab {

// Of A against B.
enum class Verdict : uint8_t {
  kBetter,
  kWorse,
  kNoDifference,   // the interval holds "no difference", or the test's p is 0.05 or more
  kFact,           // two facts that no one ranking fits
  kNotMeasured,    // ComparisonRow::reason says why
};
// "better", "worse", "no_difference", "fact", "not_measured".
std::string_view verdict_name(Verdict verdict);

enum class Direction : uint8_t { kMoreIsBetter, kLessIsBetter };

// Outside the interval of A / B there is 1, or of A - B there is 0: then A is better or worse.
Verdict verdict_of_ratio(const Interval& ratio, Direction direction);
Verdict verdict_of_difference(const Interval& difference, Direction direction);
// Exact McNemar at 5 %.
Verdict verdict_of_pairs(const PairedCounts& counts);
// Exact figures: no difference within `margin` of the larger.
Verdict verdict_of_figures(double a, double b, Direction direction, double margin);

inline constexpr double kSignificance = 0.05;
inline constexpr double kMemoryMargin = 0.02;  // of a peak of memory measured once

// One answer, so that anyone can compute a row again.
struct ItemRecord {
  uint32_t item = 0;          // number in its set, or of the repetition
  char model = 'a';           // 'a' or 'b'
  std::string answer;         // what was measured, as text: an ending's number; may be empty
  double grade = 0;           // 1 or 0 for right and wrong; else the measured value
  std::string transcript = {};  // what the model read and wrote, or how it scored each ending; empty for a timed run
};

struct Value {
  std::string text;           // as shown; the same in every language
  std::optional<double> number;
};

enum class Effect : uint8_t { kNone, kRatio, kDifference };

struct ComparisonRow {
  std::string id;             // "file_size"
  std::string table;          // "deployment", "speed", "language", "ability"
  Message label;
  Value a, b;
  Effect effect_kind = Effect::kNone;
  double effect = 0;          // A / B or A - B
  std::optional<Interval> interval;  // of the effect, 95 %
  std::optional<double> p;
  Verdict verdict = Verdict::kFact;
  Message reason;             // of kNotMeasured
  std::vector<ItemRecord> records;
};

// Rows from what was measured.
ComparisonRow fact_row(std::string_view id, std::string_view table, Message label, Value a, Value b);
ComparisonRow figure_row(std::string_view id, std::string_view table, Message label, Value a, Value b, Direction direction,
                         double margin);
// Medians of runs taken in turns. REQUIRES: both not empty, all > 0.
struct TimedRuns {
  std::vector<double> a, b;
};
ComparisonRow runs_row(std::string_view id, Message label, const TimedRuns& runs, Direction direction, uint64_t seed);
// The same items, answered by both. REQUIRES: equal lengths and ids.
ComparisonRow choices_row(std::string_view id, Message label, const std::vector<ChoiceRecord>& a,
                          const std::vector<ChoiceRecord>& b);
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
  std::string name, path, sha256, architecture, quantization, license;
  uint64_t bytes = 0, parameters = 0;
  uint32_t context = 0;
  bool is_instruct = true;
};

struct Comparison {
  std::string cpu, isa;
  int threads = 0;
  std::string tier;
  ComparedModel a, b;
  std::vector<ComparisonRow> rows;
  std::vector<std::string> sources;   // data files read
  uint64_t seed = 0;
  double seconds = 0;
};

// 812, 81.2, 8.12, 0.812: three figures, none before the point lost.
std::string format_figure(double value);

}  // namespace slm::lab
