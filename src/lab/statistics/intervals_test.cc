#include "lab/statistics/intervals.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lab/statistics/random.h"

namespace slm::lab {
namespace {

TEST(Wilson, NoTrialsSayNothing) {
  EXPECT_EQ(wilson_interval(0, 0).low, 0);
  EXPECT_EQ(wilson_interval(0, 0).high, 1);
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
  int held = 0;
  constexpr int kTrials = 2'000;
  for (int trial = 0; trial < kTrials; ++trial) {
    PairedCounts counts;
    for (int item = 0; item < 100; ++item) {
      const double u = random.uniform();
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

// Half-widths at 1/2: .22 for 20 items, .14 for 50, .10 for 100, .077 for 164, .044 for 500, .027 for 1,319.
TEST(Wilson, HalvesItsWidthWithFourTimesTheItems) {
  struct Case {
    uint64_t n;
    double half;
  };
  for (const Case& c : {Case{20, 0.20}, Case{50, 0.134}, Case{100, 0.096}, Case{164, 0.0756}, Case{500, 0.0437}, Case{1'318, 0.0270}}) {
    const Interval interval = wilson_interval(c.n / 2, c.n);
    EXPECT_NEAR((interval.high - interval.low) / 2, c.half, 0.0005 + 0.01 * c.half) << c.n;
  }
}

// 9/10 [.60, .98] and 5/10 [.24, .76] overlap; all of 10 is at least 72 %.
TEST(Wilson, OfTenTries) {
  EXPECT_LT(wilson_interval(9, 10).low, wilson_interval(5, 10).high);
  EXPECT_NEAR(wilson_interval(10, 10).low, 0.72, 0.005);
  EXPECT_EQ(wilson_interval(10, 10).high, 1);
  EXPECT_EQ(wilson_interval(0, 10).low, 0);
}

TEST(Chance, IsTakenAway) {
  EXPECT_EQ(above_chance(0.25, 0.25), 0);
  EXPECT_EQ(above_chance(1, 0.25), 1);
  EXPECT_NEAR(above_chance(0.4, 0.25), 0.2, 1e-15);
  EXPECT_LT(above_chance(0.2, 0.25), 0);
}

// C-Eval 24.44 % of 1,346 is what guessing gives; 37.9 % is not.
TEST(Chance, IsSeenInTheInterval) {
  EXPECT_TRUE(at_chance(329, 1'346, 0.25));
  EXPECT_FALSE(at_chance(510, 1'346, 0.25));
  EXPECT_FALSE(at_chance(200, 1'346, 0.25));
  EXPECT_TRUE(at_chance(0, 0, 0.25));
}

}  // namespace
}  // namespace slm::lab
