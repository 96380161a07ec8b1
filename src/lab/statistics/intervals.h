// Intervals of rates and of differences of rates. All are 95 % unless a function says otherwise; rates are in [0, 1].
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace slm::lab {

struct Interval {
  double low = 0, high = 0;

  bool holds(double value) const { return low <= value && value <= high; }
};

inline constexpr double kNormal95 = 1.959963984540054;  // the 0.975 quantile of the normal distribution

// A rate of `successes` in `n` trials (Wilson 1927, without continuity correction): right for small n and near 0 and 1, where the
// textbook interval is not. n = 0 gives [0, 1]. REQUIRES: successes <= n.
Interval wilson_interval(uint64_t successes, uint64_t n);

// Two yes/no answers to each of the same items.
struct PairedCounts {
  uint64_t both = 0, only_a = 0, only_b = 0, neither = 0;

  uint64_t total() const { return both + only_a + only_b + neither; }
};
// REQUIRES: a.size() == b.size().
PairedCounts count_pairs(const std::vector<bool>& a, const std::vector<bool>& b);

// rate(A) - rate(B) over the same items: Newcombe 1998 (Statistics in Medicine 17:2635), method 10: each rate's Wilson interval
// joined by squaring and adding, with the correlation of the pairs corrected for continuity. No items gives [-1, 1].
Interval paired_difference_interval(const PairedCounts& counts);

// What is left of a rate when guessing is taken away: 0 at `chance`, 1 when all is right, below 0 under chance. REQUIRES: chance < 1.
double above_chance(double rate, double chance);
// The Wilson interval holds `chance`: guessing would do as well. REQUIRES: successes <= n.
bool at_chance(uint64_t successes, uint64_t n, double chance);

// y = a + slope x by least squares, with Student's interval. Nothing of fewer than 3 points, or where all x are the same.
// REQUIRES: x.size() == y.size().
struct Slope {
  double slope = 0;
  Interval interval;
};
std::optional<Slope> least_squares(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace slm::lab
