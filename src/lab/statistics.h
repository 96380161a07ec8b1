// Statistics as pure functions of records: the same records and seed give the same numbers, bit for bit.
// All intervals are 95 % unless a function says otherwise; rates are in [0, 1].
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
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

// Exact McNemar test: the two-sided binomial p of `only_a` against `only_b` at 1/2. No discordant pair gives 1.
double mcnemar_exact(uint64_t only_a, uint64_t only_b);

// rate(A) - rate(B) over the same items: Newcombe 1998 (Statistics in Medicine 17:2635), method 10: each rate's Wilson interval
// joined by squaring and adding, with the correlation of the pairs corrected for continuity. No items gives [-1, 1].
Interval paired_difference_interval(const PairedCounts& counts);

// Quantile by linear interpolation between order statistics (R's type 7). REQUIRES: values not empty, 0 <= q <= 1.
double quantile(std::span<const double> values, double q);
double median(std::span<const double> values);

// Random numbers that are the same everywhere: splitmix64 (Steele, Lea, Flood 2014).
class SeededRandom {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t next();
  size_t below(size_t n);  // uniform in [0, n) up to 2^-32 n; REQUIRES: 0 < n < 2^32

 private:
  uint64_t state_;
};

inline constexpr int kResamples = 10'000;

// Percentile bootstrap of any statistic of `n` items measured together: each resample draws n item numbers with replacement and
// hands them over. Pairs stay pairs because both models' values are read at the same number. REQUIRES: n > 0.
Interval bootstrap_interval(size_t n, uint64_t seed, const std::function<double(std::span<const size_t> items)>& statistic,
                            int resamples = kResamples);

// median(a) / median(b) of runs taken in turns; the runs of each are resampled by themselves. REQUIRES: none empty, all > 0.
Interval median_ratio_interval(std::span<const double> a, std::span<const double> b, uint64_t seed,
                               int resamples = kResamples);

// sum(numerator) / sum(weight), for A minus B, over items that both have answered: bits per byte of a text in pieces.
// Paired bootstrap over the items. REQUIRES: equal lengths, not empty, weights > 0.
struct WeightedSums {
  std::span<const double> a, b;  // one an item
  std::span<const double> weight;
};
Interval weighted_difference_interval(const WeightedSums& sums, uint64_t seed, int resamples = kResamples);

}  // namespace slm::lab
