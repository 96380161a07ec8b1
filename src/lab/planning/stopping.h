// When a row may stop before its items are used up: looks at the answers so far, at a total error of 5 %.
#pragma once

#include <cstdint>
#include <span>

#include "lab/statistics/significance.h"

namespace slm::lab {

// The counts at one look, all items so far; `share` is how much of the plan has gone by, 1 at the last look, whether the row's items or
// the time ran out. What decides it may be anything but this row's own answers.
struct Look {
  uint64_t only_a = 0, only_b = 0;
  double share = 1;
  uint64_t items = 0;     // that both were graded on by then: no part of the test
};

// The error spent by the time `share` of the plan has gone by: alpha share^2 (Kim and DeMets 1987). REQUIRES: 0 <= share <= 1.
double error_spent(double share, double alpha = kSignificance);

struct Stopping {
  bool stop = false;   // A and B differ: shown at this look or an earlier one
  double p = 1;        // allows for the looks: at most alpha where `stop`, more than alpha where not and the last look's share is 1
};

// Group-sequential McNemar test: at each look the largest two-sided region of only_a - only_b is refused that keeps the probability
// of having stopped by then, no difference given, within error_spent() (Lan and DeMets 1983). The probability is exact, from the numbers of
// discordant pairs as they came, which say nothing of who won them: so the total error is at most alpha at any rate of discordance.
// p is that of the look it stopped at, else of the last, in the order of the looks (Armitage 1957): what the looks before have spent, and
// this tail; of one look it is that of mcnemar_exact(). For rows that holm_adjusted() is to judge together, alpha is kSignificance / rows: a
// row that stopped is then shown whatever the others turn out to be. No looks give {false, 1}.
// O(d^2) time and O(d) memory for d discordant pairs. A share below one before it, as a clock may give,
// counts as that one. REQUIRES: looks in order: the counts never fall; shares in [0, 1].
Stopping sequential_mcnemar(std::span<const Look> looks, double alpha = kSignificance);

}  // namespace slm::lab
