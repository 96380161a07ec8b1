// Tests of "no difference", tests of "no difference that matters", and what many tests at once cost. Each returns a two-sided p
// in [0, 1] unless it says otherwise.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lab/statistics/intervals.h"

namespace slm::lab {

inline constexpr double kSignificance = 0.05;

// Exact McNemar test: the two-sided binomial p of `only_a` against `only_b` at 1/2. No discordant pair gives 1.
double mcnemar_exact(uint64_t only_a, uint64_t only_b);

// Successes of two separate samples.
struct TwoRates {
  uint64_t successes_a = 0, n_a = 0, successes_b = 0, n_b = 0;
};
// Fisher's exact test: all tables with these margins that are no likelier than this one. REQUIRES: successes <= n of each.
double fisher_exact(const TwoRates& rates);

// Sign-flip test of paired differences: is their sum further from 0 than with signs thrown by a fair coin? Every throw is tried
// where there are at most `resamples` of them (so the p is exact), else that many are drawn, and the data count as one more (Phipson
// and Smyth 2010). No differences give 1. REQUIRES: resamples > 0.
double sign_flip_test(std::span<const double> differences, uint64_t seed, int resamples);

// Mann-Whitney test of two separate samples, ties by their mean rank: exact over all ways to deal the ranks for at most
// kMostExactRanks values together, else by the normal approximation with ties and continuity corrected. An empty sample gives 1.
inline constexpr size_t kMostExactRanks = 60;
double mann_whitney_test(std::span<const double> a, std::span<const double> b);

// Two one-sided tests that rate(A) - rate(B) over the same items lies inside (-margin, margin): the greater p of the two. Each is
// the score test of Nam 1997 and Tango 1998 (rates estimated under its own null), with a continuity correction of half a pair, which
// keeps its error under the nominal one from 30 to 500 pairs (enumerated in tests). No pairs give 1. REQUIRES: 0 < margin < 1.
double paired_equivalence_test(const PairedCounts& counts, double margin);

// The variance of only_a - only_b where the true difference of the rates is -margin, from rates estimated under it.
double paired_score_variance(double only_a, double only_b, double n, double margin);

// Holm 1979: the p that each would need on its own to be worth what it is worth among the others; same order.
std::vector<double> holm_adjusted(std::span<const double> p);

}  // namespace slm::lab
