#include "lab/statistics/intervals.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/result.h"
#include "lab/statistics/distributions.h"

namespace slm::lab {

Interval wilson_interval(uint64_t successes, uint64_t n) {
  SLM_CHECK(successes <= n);
  if (n == 0) return {0, 1};
  const double z2 = kNormal95 * kNormal95, trials = static_cast<double>(n);
  const double rate = static_cast<double>(successes) / trials;
  const double centre = (rate + z2 / (2 * trials)) / (1 + z2 / trials);
  const double half = kNormal95 * std::sqrt(rate * (1 - rate) / trials + z2 / (4 * trials * trials)) / (1 + z2 / trials);
  // At the ends the bound is the rate itself; rounding must not put it a hair beyond.
  return {successes == 0 ? 0 : std::max(0.0, centre - half), successes == n ? 1 : std::min(1.0, centre + half)};
}

PairedCounts count_pairs(const std::vector<bool>& a, const std::vector<bool>& b) {
  SLM_CHECK(a.size() == b.size());
  PairedCounts counts;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] && b[i]) ++counts.both;
    else if (a[i]) ++counts.only_a;
    else if (b[i]) ++counts.only_b;
    else ++counts.neither;
  }
  return counts;
}

namespace {

// Newcombe's phi: the correlation of the two answers, with the numerator pulled towards zero by n / 2 where it is positive.
double corrected_correlation(const PairedCounts& counts) {
  const double a = static_cast<double>(counts.both), b = static_cast<double>(counts.only_a);
  const double c = static_cast<double>(counts.only_b), d = static_cast<double>(counts.neither);
  const double margins = (a + b) * (c + d) * (a + c) * (b + d);
  if (margins == 0) return 0;
  const double product = a * d - b * c;
  const double corrected = product > 0 ? std::max(0.0, product - (a + b + c + d) / 2) : product;
  return corrected / std::sqrt(margins);
}

}  // namespace

Interval paired_difference_interval(const PairedCounts& counts) {
  const uint64_t n = counts.total();
  if (n == 0) return {-1, 1};
  const uint64_t right_a = counts.both + counts.only_a, right_b = counts.both + counts.only_b;
  const double rate_a = static_cast<double>(right_a) / static_cast<double>(n);
  const double rate_b = static_cast<double>(right_b) / static_cast<double>(n);
  const Interval a = wilson_interval(right_a, n), b = wilson_interval(right_b, n);
  const double phi = corrected_correlation(counts), difference = rate_a - rate_b;
  const double below_a = rate_a - a.low, above_a = a.high - rate_a, below_b = rate_b - b.low, above_b = b.high - rate_b;
  const double below = below_a * below_a - 2 * phi * below_a * above_b + above_b * above_b;
  const double above = above_a * above_a - 2 * phi * above_a * below_b + below_b * below_b;
  return {difference - std::sqrt(std::max(0.0, below)), difference + std::sqrt(std::max(0.0, above))};
}

double above_chance(double rate, double chance) {
  SLM_CHECK(chance < 1);
  return (rate - chance) / (1 - chance);
}

bool at_chance(uint64_t successes, uint64_t n, double chance) { return wilson_interval(successes, n).holds(chance); }

std::optional<Slope> least_squares(const std::vector<double>& x, const std::vector<double>& y) {
  SLM_CHECK(x.size() == y.size());
  if (x.size() < 3) return std::nullopt;
  const double n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n, mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xx = 0, xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  if (!(xx > 0)) return std::nullopt;
  const double slope = xy / xx;
  double residuals = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double residual = y[i] - mean_y - slope * (x[i] - mean_x);
    residuals += residual * residual;
  }
  const double half = student_quantile(0.975, n - 2) * std::sqrt(residuals / (n - 2) / xx);
  return Slope{slope, {slope - half, slope + half}};
}

}  // namespace slm::lab
