// Resampling: the same values and seed give the same numbers, bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lab/statistics/intervals.h"

namespace slm::lab {

inline constexpr int kResamples = 10'000;

// Quantile by linear interpolation between order statistics (R's type 7). REQUIRES: values not empty, 0 <= q <= 1.
double quantile(std::span<const double> values, double q);
double median(std::span<const double> values);

// What resampling said of an estimate.
struct Bootstrap {
  double estimate = 0;
  size_t n = 0;                 // items drawn from; of two samples, the smaller
  double acceleration = 0;      // of BCa, from leaving out one item at a time
  std::vector<double> values;   // ascending, one a resample; not empty

  // The middle `level` of the values.
  Interval percentile(double level = 0.95) const;
  // Bias-corrected and accelerated (Efron 1987). Where all values lie on one side of the estimate there is no correction to be had,
  // and it is percentile().
  Interval bca(double level = 0.95) const;
  // The share of values above `value`, ties by half: with a flat prior, about the posterior probability that the truth is.
  double share_above(double value) const;
  double standard_error() const;
};

// Any statistic of `n` items measured together: each resample draws n item numbers with replacement and hands them over. Pairs stay
// pairs because both models' values are read at the same number. REQUIRES: n > 0, resamples > 0.
using ItemStatistic = std::function<double(std::span<const size_t> items)>;
Bootstrap bootstrap_items(size_t n, uint64_t seed, const ItemStatistic& statistic, int resamples = kResamples);

// sum(a - b) / sum(weight) over items that both have answered: bits per byte of a text in pieces; with weights of 1, the mean of
// paired differences. REQUIRES: equal lengths, not empty, weights > 0.
struct WeightedSums {
  std::span<const double> a, b;  // one an item
  std::span<const double> weight;
};
Bootstrap bootstrap_difference(const WeightedSums& sums, uint64_t seed, int resamples = kResamples);

// quantile(a, q) / quantile(b, q) of runs taken in turns; the runs of each are resampled by themselves. No acceleration: leaving
// out one run says nothing about a quantile (Efron 1982). REQUIRES: none empty, all > 0.
Bootstrap bootstrap_ratio(std::span<const double> a, std::span<const double> b, double q, uint64_t seed, int resamples = kResamples);

// Of values in the order of time, of which neighbours are alike: how many of them make a block that says about as much by itself. By the
// correlation of neighbours, as of a first-order autoregression (Carlstein 1986: (sqrt(6) r / (1 - r^2))^(2/3) n^(1/3)); 1 where it is
// not above 0, at most a third of the values. REQUIRES: series not empty.
size_t block_length(std::span<const double> series);
// bootstrap_ratio() of values in the order of time: what is drawn is blocks of block_length() neighbours (the last value is followed by the
// first), as many as make the series' length.
Bootstrap bootstrap_ratio_of_series(std::span<const double> a, std::span<const double> b, double q, uint64_t seed, int resamples = kResamples);

// quantile(values, q) with its percentile interval, which ends at the least and the greatest value seen: for a tail (p95) of few
// runs it is too narrow above. REQUIRES: values not empty.
Bootstrap bootstrap_quantile(std::span<const double> values, double q, uint64_t seed, int resamples = kResamples);

}  // namespace slm::lab
