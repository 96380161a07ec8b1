#include "lab/statistics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/result.h"
#include "lab/statistics/distributions.h"
#include "lab/statistics/random.h"

namespace slm::lab {
namespace {

double quantile_of_sorted(std::span<const double> sorted, double q) {
  SLM_CHECK(!sorted.empty() && q >= 0 && q <= 1);
  const double place = q * static_cast<double>(sorted.size() - 1);
  const size_t at = static_cast<size_t>(place);
  if (at + 1 >= sorted.size()) return sorted.back();
  return sorted[at] + (place - static_cast<double>(at)) * (sorted[at + 1] - sorted[at]);
}

// Efron 1987, (6.6): the skewness of the estimate without one item, over 6.
double acceleration_of(size_t n, const ItemStatistic& statistic) {
  if (n < 2) return 0;
  std::vector<size_t> others(n - 1);
  std::iota(others.begin(), others.end(), size_t{1});
  std::vector<double> without(n);
  for (size_t left_out = 0; left_out < n; ++left_out) {
    without[left_out] = statistic(others);
    if (left_out + 1 < n) others[left_out] = left_out;
  }
  const double mean = std::accumulate(without.begin(), without.end(), 0.0) / static_cast<double>(n);
  double squares = 0, cubes = 0;
  for (double value : without) {
    const double distance = mean - value;
    squares += distance * distance;
    cubes += distance * distance * distance;
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

void draw(std::span<const double> from, SeededRandom& random, std::vector<double>& drawn) {
  for (double& value : drawn) value = from[random.below(from.size())];
}

// The ratio of quantiles over resamples that draw_a and draw_b write, in this order.
template <class DrawA, class DrawB>
Bootstrap ratio_of_draws(std::span<const double> a, std::span<const double> b, double q, size_t n, int resamples, DrawA draw_a, DrawB draw_b) {
  std::vector<double> drawn_a(a.size()), drawn_b(b.size());
  Bootstrap result{quantile(a, q) / quantile(b, q), n, 0, std::vector<double>(static_cast<size_t>(resamples))};
  for (double& ratio : result.values) {
    draw_a(drawn_a);
    draw_b(drawn_b);
    ratio = quantile(drawn_a, q) / quantile(drawn_b, q);
  }
  std::sort(result.values.begin(), result.values.end());
  return result;
}

}  // namespace

double quantile(std::span<const double> values, double q) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return quantile_of_sorted(sorted, q);
}

double median(std::span<const double> values) { return quantile(values, 0.5); }

Interval Bootstrap::percentile(double level) const {
  return {quantile_of_sorted(values, (1 - level) / 2), quantile_of_sorted(values, (1 + level) / 2)};
}

Interval Bootstrap::bca(double level) const {
  const double below = 1 - share_above(estimate);
  if (below <= 0 || below >= 1) return percentile(level);
  const double bias = normal_quantile(below);
  const auto corrected = [&](double share) {
    const double z = bias + normal_quantile(share);
    return quantile_of_sorted(values, normal_cdf(bias + z / (1 - acceleration * z)));
  };
  return {corrected((1 - level) / 2), corrected((1 + level) / 2)};
}

double Bootstrap::share_above(double value) const {
  SLM_CHECK(!values.empty());
  const auto [first, last] = std::equal_range(values.begin(), values.end(), value);
  const double above = static_cast<double>(values.end() - last), equal = static_cast<double>(last - first);
  return (above + equal / 2) / static_cast<double>(values.size());
}

double Bootstrap::standard_error() const {
  const double count = static_cast<double>(values.size());
  if (count < 2) return 0;
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / (count - 1));
}

Bootstrap bootstrap_items(size_t n, uint64_t seed, const ItemStatistic& statistic, int resamples) {
  SLM_CHECK(n > 0 && resamples > 0);
  SeededRandom random(seed);
  std::vector<size_t> items(n);
  std::iota(items.begin(), items.end(), size_t{0});
  Bootstrap result{statistic(items), n, acceleration_of(n, statistic), std::vector<double>(static_cast<size_t>(resamples))};
  for (double& value : result.values) {
    for (size_t& item : items) item = random.below(n);
    value = statistic(items);
  }
  std::sort(result.values.begin(), result.values.end());
  return result;
}

Bootstrap bootstrap_difference(const WeightedSums& sums, uint64_t seed, int resamples) {
  SLM_CHECK(sums.a.size() == sums.b.size() && sums.a.size() == sums.weight.size());
  return bootstrap_items(
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

Bootstrap bootstrap_ratio(std::span<const double> a, std::span<const double> b, double q, uint64_t seed, int resamples) {
  SLM_CHECK(!a.empty() && !b.empty() && resamples > 0);
  SeededRandom random(seed);
  return ratio_of_draws(a, b, q, std::min(a.size(), b.size()), resamples,
                        [&](std::vector<double>& drawn) { draw(a, random, drawn); }, [&](std::vector<double>& drawn) { draw(b, random, drawn); });
}

size_t block_length(std::span<const double> series) {
  SLM_CHECK(!series.empty());
  const double n = static_cast<double>(series.size());
  double mean = 0, square = 0, product = 0;
  for (double value : series) mean += value;
  mean /= n;
  for (size_t i = 0; i < series.size(); ++i) {
    square += (series[i] - mean) * (series[i] - mean);
    if (i > 0) product += (series[i] - mean) * (series[i - 1] - mean);
  }
  if (square <= 0) return 1;
  // Of a short series the estimate is too low, by about 1 / n.
  constexpr double kMost = 0.97;
  const double r = std::clamp(product / square + 1 / n, 0.0, kMost);
  const double length = std::ceil(std::pow(std::sqrt(6.0) * r / (1 - r * r), 2.0 / 3) * std::cbrt(n));
  return std::clamp<size_t>(static_cast<size_t>(length), 1, std::max<size_t>(1, series.size() / 3));
}

Bootstrap bootstrap_ratio_of_series(std::span<const double> a, std::span<const double> b, double q, uint64_t seed, int resamples) {
  SLM_CHECK(!a.empty() && !b.empty() && resamples > 0);
  SeededRandom random(seed);
  const size_t block_a = block_length(a), block_b = block_length(b);
  const auto draw_blocks = [&](std::span<const double> from, size_t block, std::vector<double>& drawn) {
    size_t at = 0;
    for (size_t i = 0; i < drawn.size(); ++i, ++at) {
      if (i % block == 0) at = random.below(from.size());
      drawn[i] = from[at % from.size()];
    }
  };
  return ratio_of_draws(a, b, q, std::min(a.size() / block_a, b.size() / block_b), resamples,
                        [&](std::vector<double>& drawn) { draw_blocks(a, block_a, drawn); },
                        [&](std::vector<double>& drawn) { draw_blocks(b, block_b, drawn); });
}

Bootstrap bootstrap_quantile(std::span<const double> values, double q, uint64_t seed, int resamples) {
  SLM_CHECK(!values.empty() && resamples > 0);
  SeededRandom random(seed);
  std::vector<double> drawn(values.size());
  Bootstrap result{quantile(values, q), values.size(), 0, std::vector<double>(static_cast<size_t>(resamples))};
  for (double& value : result.values) {
    draw(values, random, drawn);
    value = quantile(drawn, q);
  }
  std::sort(result.values.begin(), result.values.end());
  return result;
}

}  // namespace slm::lab
