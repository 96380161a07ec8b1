// From evidence to a word, by one rule for every row of a comparison. docs/statistics.md says it in prose.
#pragma once

#include <cstdint>
#include <string_view>

#include "lab/statistics/bootstrap.h"
#include "lab/statistics/intervals.h"
#include "lab/statistics/power.h"
#include "lab/statistics/significance.h"

namespace slm::lab {

// Of A against B.
enum class Verdict : uint8_t {
  kBetter,         // shown: p < 0.05
  kWorse,
  kLikelyBetter,   // not shown, but P(A better than B) >= 0.97
  kLikelyWorse,
  kNoDifference,   // shown to lie within the margin
  kTooFew,         // none of these: more items would tell
  kFact,           // two facts that no one ranking fits
  kNotMeasured,
};
// "better", "worse", "likely_better", "likely_worse", "no_difference", "too_few", "fact", "not_measured".
std::string_view verdict_name(Verdict verdict);

enum class Direction : uint8_t { kMoreIsBetter, kLessIsBetter };

inline constexpr double kLikely = 0.97;
inline constexpr double kRateMargin = 0.05;   // of rates: 5 points of a hundred
inline constexpr double kRatioMargin = 0.05;  // of speeds: a ratio from 1 / 1.05 to 1.05
inline constexpr double kScoreMargin = 2;     // of scores that are no rates: points of chrF, which goes to 100
inline constexpr double kBitsMargin = 0.02;   // of bits per byte: 2 % of B's

struct Evidence {
  double p = 1;              // of "no difference"
  double p_equivalent = 1;   // of "a difference as large as the margin, or larger"
  double probability = 0.5;  // that A is better
};

// In this order: p < 0.05 -> better or worse, whichever is the more probable; p_equivalent < 0.05 -> no_difference;
// probability >= 0.97 or <= 0.03 -> likely; else too_few.
Verdict verdict_of(const Evidence& evidence);

// Yes/no answers to the same items: exact McNemar, paired_equivalence_test() at kRateMargin, paired_posterior().
Evidence evidence_of_pairs(const PairedCounts& counts);
// A resampled difference or ratio, and the p of a test of its own: no difference is `null`, and from `low` to `high` there is none
// that matters. Few items can show little, whatever resampling them says: with n of them the probability is kept n + 1 halvings away
// from certainty, and p_equivalent is at least n halvings of 1, as if each had only a sign. REQUIRES: low < null < high.
struct Null {
  double null = 0, low = 0, high = 0;
};
Evidence evidence_of_bootstrap(const Bootstrap& bootstrap, double p, const Null& null, Direction direction);

// Items beyond these n at which, with a power of 80 %, the difference as measured would be shown, or shown to be within the margin,
// whichever comes first; at least 1. Of pairs half a pair is added to each kind of discordant pair, so that none seen is not taken for none
// to come; no pairs give 0.
uint64_t more_pairs_needed(const PairedCounts& counts);
// Of other estimates, at least as many as make kFewestItems: with fewer, no sign-flip test shows anything. REQUIRES: as items_to_decide().
inline constexpr uint64_t kFewestItems = 6;
uint64_t more_items_needed(const Estimate& estimate, double margin);

}  // namespace slm::lab
