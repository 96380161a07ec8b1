#include "lab/statistics.h"

#include <cmath>

#include <gtest/gtest.h>

namespace slm::lab {
namespace {

// scipy 1.17.1: binomtest(k, n).proportion_ci(method="wilson").
TEST(Wilson, EqualsScipy) {
  struct Case {
    uint64_t k, n;
    double low, high;
  };
  for (const Case& c : {Case{9, 10, 0.5958499732047615, 0.9821237869049271}, Case{5, 10, 0.236593090512564, 0.7634069094874361},
                        Case{10, 10, 0.7224672001371109, 1}, Case{0, 10, 0, 0.27753279986288926},
                        Case{430, 1000, 0.3996409199186558, 0.4608948262693219}, Case{43, 100, 0.3373329852411011, 0.5278461045078768},
                        Case{1, 1, 0.20654931437723745, 1}, Case{0, 1, 0, 0.7934506856227626}}) {
    const Interval interval = wilson_interval(c.k, c.n);
    EXPECT_NEAR(interval.low, c.low, 1e-12) << c.k << "/" << c.n;
    EXPECT_NEAR(interval.high, c.high, 1e-12) << c.k << "/" << c.n;
  }
}

TEST(Wilson, NoTrialsSayNothing) {
  EXPECT_EQ(wilson_interval(0, 0).low, 0);
  EXPECT_EQ(wilson_interval(0, 0).high, 1);
}

// scipy 1.17.1: binomtest(min(b, c), b + c).pvalue.
TEST(McNemar, EqualsScipy) {
  EXPECT_NEAR(mcnemar_exact(6, 0), 0.03125, 1e-12);
  EXPECT_NEAR(mcnemar_exact(5, 0), 0.0625, 1e-12);
  EXPECT_NEAR(mcnemar_exact(10, 3), 0.09228515625, 1e-12);
  EXPECT_NEAR(mcnemar_exact(12, 20), 0.21532714972272515, 1e-12);
  EXPECT_NEAR(mcnemar_exact(400, 350), 0.07350777405843484, 1e-10);
  EXPECT_NEAR(mcnemar_exact(7, 15), 0.13380050659179688, 1e-12);
  EXPECT_EQ(mcnemar_exact(1, 1), 1);
  EXPECT_EQ(mcnemar_exact(0, 0), 1);
  EXPECT_EQ(mcnemar_exact(0, 6), mcnemar_exact(6, 0));
}

// Newcombe 1998, the worked comparison of 36, 12, 2, 0: 0.0569 to 0.3404.
TEST(PairedDifference, EqualsNewcombesExample) {
  const Interval interval = paired_difference_interval({36, 12, 2, 0});
  EXPECT_NEAR(interval.low, 0.0569, 5e-5);
  EXPECT_NEAR(interval.high, 0.3404, 5e-5);
}

TEST(PairedDifference, TurnsAroundWithItsSides) {
  const Interval ab = paired_difference_interval({20, 9, 3, 8}), ba = paired_difference_interval({20, 3, 9, 8});
  EXPECT_NEAR(ab.low, -ba.high, 1e-12);
  EXPECT_NEAR(ab.high, -ba.low, 1e-12);
  EXPECT_EQ(paired_difference_interval({}).low, -1);
  const Interval all_right = paired_difference_interval({50, 0, 0, 0});
  EXPECT_LT(all_right.low, 0);
  EXPECT_GT(all_right.high, 0);
}

// 95 of 100 intervals hold the truth, give or take what 2,000 trials leave open (3 standard errors: 1.5 points; the method is a
// little conservative).
TEST(PairedDifference, HoldsTheTruthAsOftenAsItSays) {
  SeededRandom random(7);
  const auto chance = [&] { return static_cast<double>(random.next() >> 11) * 0x1p-53; };
  int held = 0;
  constexpr int kTrials = 2'000;
  for (int trial = 0; trial < kTrials; ++trial) {
    PairedCounts counts;
    for (int item = 0; item < 100; ++item) {
      const double u = chance();
      ++(u < 0.30 ? counts.both : u < 0.45 ? counts.only_a : u < 0.55 ? counts.only_b : counts.neither);
    }
    held += paired_difference_interval(counts).holds(0.05);
  }
  EXPECT_GE(held, kTrials * 0.935);
  EXPECT_LE(held, kTrials * 0.985);
}

TEST(CountPairs, SortsAnswers) {
  const PairedCounts counts = count_pairs({true, true, false, false, true}, {true, false, true, false, true});
  EXPECT_EQ(counts.both, 2u);
  EXPECT_EQ(counts.only_a, 1u);
  EXPECT_EQ(counts.only_b, 1u);
  EXPECT_EQ(counts.neither, 1u);
  EXPECT_EQ(counts.total(), 5u);
}

// numpy.quantile, its default method.
TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  const std::vector<double> values = {3, 1, 4, 1, 5, 9, 2, 6};
  EXPECT_NEAR(quantile(values, 0.025), 1, 1e-12);
  EXPECT_NEAR(quantile(values, 0.25), 1.75, 1e-12);
  EXPECT_NEAR(median(values), 3.5, 1e-12);
  EXPECT_NEAR(quantile(values, 0.95), 7.95, 1e-12);
  EXPECT_EQ(quantile(values, 1), 9);
  const std::vector<double> one = {2};
  EXPECT_EQ(median(one), 2);
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

TEST(Bootstrap, SameSeedSameInterval) {
  const std::vector<double> a = {10, 11, 10.5, 9.8, 10.2}, b = {5, 5.2, 4.9, 5.1, 5.05};
  const Interval first = median_ratio_interval(a, b, 1), again = median_ratio_interval(a, b, 1);
  EXPECT_EQ(first.low, again.low);
  EXPECT_EQ(first.high, again.high);
  EXPECT_TRUE(first.holds(median(a) / median(b)));
  EXPECT_GE(first.low, 9.8 / 5.2);
  EXPECT_LE(first.high, 11 / 4.9);
}

TEST(Bootstrap, RatioOfEqualRunsIsOne) {
  const std::vector<double> runs = {4, 4, 4};
  const Interval interval = median_ratio_interval(runs, runs, 1);
  EXPECT_EQ(interval.low, 1);
  EXPECT_EQ(interval.high, 1);
}

// The bootstrap of a mean has the width of the normal interval: 1.96 s / sqrt(n).
TEST(Bootstrap, OfAMeanIsAsWideAsTheorySays) {
  constexpr size_t n = 400;
  SeededRandom random(11);
  std::vector<double> values;
  for (size_t i = 0; i < n; ++i) {
    double sum = 0;  // of twelve uniforms: normal enough, variance 1
    for (int k = 0; k < 12; ++k) sum += static_cast<double>(random.next() >> 11) * 0x1p-53;
    values.push_back(sum - 6);
  }
  const Interval interval = bootstrap_interval(n, 5, [&](std::span<const size_t> items) {
    double sum = 0;
    for (size_t item : items) sum += values[item];
    return sum / static_cast<double>(n);
  });
  EXPECT_NEAR(interval.high - interval.low, 2 * kNormal95 / std::sqrt(static_cast<double>(n)), 0.02);
}

TEST(WeightedDifference, KeepsPairsTogether) {
  // A is 0.5 bits better on every byte of every sentence: resampling changes nothing.
  std::vector<double> a, b, bytes;
  for (int i = 1; i <= 30; ++i) {
    bytes.push_back(10 * i);
    a.push_back(1.0 * bytes.back() + 3 * i);
    b.push_back(1.5 * bytes.back() + 3 * i);
  }
  const Interval interval = weighted_difference_interval({a, b, bytes}, 1);
  EXPECT_NEAR(interval.low, -0.5, 1e-12);
  EXPECT_NEAR(interval.high, -0.5, 1e-12);
}

}  // namespace
}  // namespace slm::lab
