#include "lab/statistics/bootstrap.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lab/statistics/random.h"

namespace slm::lab {
namespace {

TEST(Quantile, OfOneValueIsIt) {
  const std::vector<double> one = {2};
  EXPECT_EQ(median(one), 2);
  EXPECT_EQ(quantile(one, 0.95), 2);
}

// The reference values of splitmix64 from seed 1234567.
TEST(SeededRandom, IsSplitMix64) {
  SeededRandom random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317ull);
  EXPECT_EQ(random.next(), 3203168211198807973ull);
  EXPECT_EQ(random.next(), 9817491932198370423ull);
}

TEST(SeededRandom, FillsARange) {
  SeededRandom random(3);
  std::vector<int> seen(10);
  for (int i = 0; i < 10'000; ++i) ++seen[random.below(10)];
  for (int count : seen) EXPECT_NEAR(count, 1'000, 150);  // 5 standard deviations
}

TEST(SeededRandom, UniformIsUniform) {
  SeededRandom random(5);
  double sum = 0, squares = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double u = random.uniform();
    ASSERT_TRUE(u >= 0 && u < 1);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.015);          // 5 standard errors
  EXPECT_NEAR(squares / 10'000, 1.0 / 3, 0.015);
}

TEST(Bootstrap, SameSeedSameInterval) {
  const std::vector<double> a = {10, 11, 10.5, 9.8, 10.2}, b = {5, 5.2, 4.9, 5.1, 5.05};
  const Bootstrap first = bootstrap_ratio(a, b, 0.5, 1), again = bootstrap_ratio(a, b, 0.5, 1);
  EXPECT_EQ(first.values, again.values);
  EXPECT_EQ(first.estimate, median(a) / median(b));
  EXPECT_TRUE(first.percentile().holds(first.estimate));
  EXPECT_GE(first.values.front(), 9.8 / 5.2);
  EXPECT_LE(first.values.back(), 11 / 4.9);
  EXPECT_EQ(first.share_above(1), 1);
  EXPECT_EQ(first.share_above(3), 0);
}

TEST(Bootstrap, RatioOfEqualRunsIsOne) {
  const std::vector<double> runs = {4, 4, 4};
  const Bootstrap bootstrap = bootstrap_ratio(runs, runs, 0.95, 1);
  EXPECT_EQ(bootstrap.percentile().low, 1);
  EXPECT_EQ(bootstrap.percentile().high, 1);
  EXPECT_EQ(bootstrap.share_above(1), 0.5);  // ties by half: for neither
  EXPECT_EQ(bootstrap.bca().low, 1);
}

// The p95 of 200 runs lies where it should, and its interval holds it; of few runs it ends at the greatest seen.
TEST(Bootstrap, OfAQuantile) {
  std::vector<double> runs;
  for (int i = 1; i <= 200; ++i) runs.push_back(i);
  const Bootstrap p95 = bootstrap_quantile(runs, 0.95, 1);
  EXPECT_NEAR(p95.estimate, 190.05, 1e-9);
  // Order statistics 184 to 196 by the binomial distribution.
  EXPECT_NEAR(p95.percentile().low, 184, 1.5);
  EXPECT_NEAR(p95.percentile().high, 196, 1.5);
  const std::vector<double> few = {3, 1, 2};
  EXPECT_EQ(bootstrap_quantile(few, 0.95, 1).values.back(), 3);
}

// The bootstrap of a mean has the width of the normal interval: 1.96 s / sqrt(n).
TEST(Bootstrap, OfAMeanIsAsWideAsTheorySays) {
  constexpr size_t n = 400;
  SeededRandom random(11);
  std::vector<double> values;
  for (size_t i = 0; i < n; ++i) {
    double sum = 0;  // of twelve uniforms: normal enough, variance 1
    for (int k = 0; k < 12; ++k) sum += random.uniform();
    values.push_back(sum - 6);
  }
  const Bootstrap bootstrap = bootstrap_items(n, 5, [&](std::span<const size_t> items) {
    double sum = 0;
    for (size_t item : items) sum += values[item];
    return sum / static_cast<double>(items.size());
  });
  const double width = 2 * kNormal95 / std::sqrt(static_cast<double>(n));
  EXPECT_NEAR(bootstrap.percentile().high - bootstrap.percentile().low, width, 0.02);
  EXPECT_NEAR(bootstrap.bca().high - bootstrap.bca().low, width, 0.02);
  EXPECT_NEAR(bootstrap.standard_error(), 1 / std::sqrt(static_cast<double>(n)), 0.005);
}

TEST(WeightedDifference, KeepsPairsTogether) {
  // A is 0.5 bits better on every byte of every sentence: resampling changes nothing.
  std::vector<double> a, b, bytes;
  for (int i = 1; i <= 30; ++i) {
    bytes.push_back(10 * i);
    a.push_back(1.0 * bytes.back() + 3 * i);
    b.push_back(1.5 * bytes.back() + 3 * i);
  }
  const Bootstrap bootstrap = bootstrap_difference({a, b, bytes}, 1);
  EXPECT_NEAR(bootstrap.estimate, -0.5, 1e-12);
  EXPECT_NEAR(bootstrap.values.front(), -0.5, 1e-12);
  EXPECT_NEAR(bootstrap.values.back(), -0.5, 1e-12);
}

// 95 of 100 BCa intervals of a skewed mean hold the truth, and more than of the percentile ones do: 1,000 trials, 3 standard errors.
TEST(Bca, HoldsTheTruthOfASkewedMean) {
  SeededRandom random(17);
  int held = 0, held_by_percentile = 0;
  constexpr int kTrials = 1'000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> values(30), zeros(30), ones(30, 1);
    for (double& value : values) value = -std::log(1 - random.uniform());  // exponential, mean 1
    const Bootstrap bootstrap = bootstrap_difference({values, zeros, ones}, static_cast<uint64_t>(trial), 1'000);
    held += bootstrap.bca().holds(1);
    held_by_percentile += bootstrap.percentile().holds(1);
  }
  EXPECT_GE(held, kTrials * 0.91);  // 30 values of an exponential: published coverage about .93
  EXPECT_LE(held, kTrials * 0.97);
  EXPECT_GE(held, held_by_percentile);
}

// A first-order autoregression about 100; noise is a sum of uniforms, near enough to normal.
std::vector<double> series_of(size_t n, double r, SeededRandom& random) {
  const auto noise = [&] {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += random.uniform();
    return sum;
  };
  std::vector<double> values(n);
  double x = noise();
  for (double& value : values) {
    value = 100 + 3 * x;
    x = r * x + std::sqrt(1 - r * r) * noise();
  }
  return values;
}

TEST(Blocks, AreLongerWhereNeighboursAreAlike) {
  SeededRandom random(3);
  EXPECT_LE(block_length(series_of(300, 0, random)), 3u);
  const size_t half = block_length(series_of(300, 0.5, random)), most = block_length(series_of(300, 0.9, random));
  EXPECT_GT(half, 5u);
  EXPECT_GT(most, half);
  EXPECT_LE(most, 100u);
  EXPECT_EQ(block_length(std::vector<double>(9, 5.0)), 1u);
  EXPECT_EQ(block_length(std::vector<double>{1}), 1u);
}

// How often a 95 % interval holds the ratio, which is 1.
TEST(Blocks, IntervalsOfSeriesHoldTheTruthMoreOften) {
  constexpr int kRuns = 300, kDraws = 200;
  for (const auto& [r, least] : {std::pair{0.0, 0.90}, {0.5, 0.85}, {0.8, 0.75}}) {
    SeededRandom random(11);
    int by_blocks = 0, by_single = 0;
    for (int run = 0; run < kRuns; ++run) {
      const std::vector<double> a = series_of(100, r, random), b = series_of(100, r, random);
      by_blocks += bootstrap_ratio_of_series(a, b, 0.5, 1, kDraws).percentile().holds(1);
      by_single += bootstrap_ratio(a, b, 0.5, 1, kDraws).percentile().holds(1);
    }
    EXPECT_GE(by_blocks, least * kRuns) << r;
    if (r == 0.8) {
      EXPECT_LE(by_single, 0.65 * kRuns);
    }
  }
}

}  // namespace
}  // namespace slm::lab
