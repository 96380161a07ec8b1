#include "lab/statistics.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"

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

double mcnemar_exact(uint64_t only_a, uint64_t only_b) {
  const uint64_t n = only_a + only_b, fewer = std::min(only_a, only_b);
  if (n == 0) return 1;
  // Sum of C(n, k) / 2^n for k <= fewer, in logarithms: C(n, k) overflows long before n does.
  const double trials = static_cast<double>(n), log_half = -trials * std::log(2.0);
  double tail = 0;
  for (uint64_t k = 0; k <= fewer; ++k) {
    const double chosen = static_cast<double>(k);
    tail += std::exp(std::lgamma(trials + 1) - std::lgamma(chosen + 1) - std::lgamma(trials - chosen + 1) + log_half);
  }
  return std::min(1.0, 2 * tail);
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

double quantile(std::span<const double> values, double q) {
  SLM_CHECK(!values.empty() && q >= 0 && q <= 1);
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double place = q * static_cast<double>(sorted.size() - 1);
  const size_t at = static_cast<size_t>(place);
  if (at + 1 >= sorted.size()) return sorted.back();
  return sorted[at] + (place - static_cast<double>(at)) * (sorted[at + 1] - sorted[at]);
}

double median(std::span<const double> values) { return quantile(values, 0.5); }

uint64_t SeededRandom::next() {
  state_ += 0x9E3779B97F4A7C15ull;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

size_t SeededRandom::below(size_t n) {
  SLM_CHECK(n > 0 && n < (1ull << 32));
  return static_cast<size_t>(((next() >> 32) * n) >> 32);
}

Interval bootstrap_interval(size_t n, uint64_t seed, const std::function<double(std::span<const size_t> items)>& statistic,
                            int resamples) {
  SLM_CHECK(n > 0 && resamples > 0);
  SeededRandom random(seed);
  std::vector<size_t> items(n);
  std::vector<double> values(static_cast<size_t>(resamples));
  for (double& value : values) {
    for (size_t& item : items) item = random.below(n);
    value = statistic(items);
  }
  return {quantile(values, 0.025), quantile(values, 0.975)};
}

Interval median_ratio_interval(std::span<const double> a, std::span<const double> b, uint64_t seed, int resamples) {
  SLM_CHECK(!a.empty() && !b.empty() && resamples > 0);
  SeededRandom random(seed);
  std::vector<double> drawn_a(a.size()), drawn_b(b.size()), ratios(static_cast<size_t>(resamples));
  for (double& ratio : ratios) {
    for (double& value : drawn_a) value = a[random.below(a.size())];
    for (double& value : drawn_b) value = b[random.below(b.size())];
    ratio = median(drawn_a) / median(drawn_b);
  }
  return {quantile(ratios, 0.025), quantile(ratios, 0.975)};
}

Interval weighted_difference_interval(const WeightedSums& sums, uint64_t seed, int resamples) {
  SLM_CHECK(sums.a.size() == sums.b.size() && sums.a.size() == sums.weight.size());
  return bootstrap_interval(
      sums.a.size(), seed,
      [&](std::span<const size_t> items) {
        double difference = 0, weight = 0;
        for (size_t item : items) {
          difference += sums.a[item] - sums.b[item];
          weight += sums.weight[item];
        }
        return difference / weight;
      },
      resamples);
}

}  // namespace slm::lab
