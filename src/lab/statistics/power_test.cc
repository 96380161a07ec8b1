#include "lab/statistics/power.h"

#include <gtest/gtest.h>

#include "lab/statistics/posterior.h"

namespace slm::lab {
namespace {

constexpr PairedRates kNineAgainstFive = PairedRates::independent(0.9, 0.5);

TEST(Posterior, OfNineAgainstFive) {
  EXPECT_NEAR(posterior_of_rates({9, 10, 5, 10}), 0.968, 0.0005);
  EXPECT_NEAR(posterior_of_rates({5, 10, 9, 10}), 1 - 0.968, 0.0005);
  EXPECT_NEAR(posterior_of_rates({0, 0, 0, 0}), 0.5, 1e-12);
}

TEST(Posterior, OfPairs) {
  EXPECT_EQ(paired_posterior(0, 0), 0.5);
  EXPECT_NEAR(paired_posterior(7, 3) + paired_posterior(3, 7), 1, 1e-12);
}

// .9 against .5: with 10 tries each the chance to see it is 30 %, with 10 pairs 19 %; 23 each or 25 pairs have 80 %, 30 have 90 %.
TEST(Power, OfNineAgainstFive) {
  EXPECT_NEAR(fisher_power(10, 0.9, 0.5), 0.30, 0.005);
  EXPECT_NEAR(mcnemar_power(10, kNineAgainstFive), 0.19, 0.005);
  EXPECT_EQ(fisher_items_needed(0.9, 0.5), 23u);
  EXPECT_EQ(mcnemar_items_needed(kNineAgainstFive), 25u);
  EXPECT_GE(fisher_power(30, 0.9, 0.5), 0.9);
  EXPECT_NEAR(mcnemar_power(30, kNineAgainstFive), 0.9, 0.0005);
}

// The field's usual figures, by the normal approximation: 62 each, 199, 387; 233 pairs; 1,565 each and 783 pairs for 5 points.
TEST(Power, OfSmallerGaps) {
  EXPECT_NEAR(rates_items_approximately(0.9, 0.7), 62, 0.5);
  EXPECT_NEAR(rates_items_approximately(0.9, 0.8), 199, 0.5);
  EXPECT_NEAR(rates_items_approximately(0.5, 0.4), 387, 0.5);
  EXPECT_NEAR(mcnemar_items_approximately({0.2, 0.1}), 233, 0.5);
  EXPECT_NEAR(rates_items_approximately(0.5, 0.45), 1'565, 0.5);
  EXPECT_NEAR(mcnemar_items_approximately({0.15, 0.1}), 783, 0.5);
}

// The exact tests need some more, and are asked at the least number that has the power.
TEST(Power, ItemsNeededAreTheLeast) {
  for (const PairedRates& rates : {kNineAgainstFive, PairedRates{0.2, 0.1}, PairedRates{0.05, 0.01}, PairedRates{0.4, 0.0}}) {
    const uint64_t n = mcnemar_items_needed(rates);
    EXPECT_GE(mcnemar_power(n, rates), 0.8) << n;
    EXPECT_LT(mcnemar_power(n - 1, rates), 0.8) << n;
    EXPECT_GE(static_cast<double>(n), mcnemar_items_approximately(rates));
  }
  EXPECT_EQ(mcnemar_items_needed({0.2, 0.1}), 249u);
  EXPECT_EQ(mcnemar_items_needed({0.1, 0.2}), 249u);
}

TEST(Power, ApproximationGoesOnFromTheExact) {
  // On either side of 1,000: one is searched for exactly, the other not.
  const PairedRates below{0.1254, 0.0846}, above{0.1252, 0.0848};
  EXPECT_NEAR(mcnemar_items_approximately(below), 988, 1);
  EXPECT_NEAR(mcnemar_items_approximately(above), 1'008, 1);
  EXPECT_NEAR(static_cast<double>(mcnemar_items_needed(below)), static_cast<double>(mcnemar_items_needed(above)), 40);
  // Beyond 50 each the correction stands in for Fisher's test.
  EXPECT_NEAR(fisher_power(fisher_items_needed(0.9, 0.7), 0.9, 0.7), 0.8, 0.03);
}

TEST(Power, NothingToSeeNeedsNoNumber) {
  EXPECT_EQ(mcnemar_items_needed({0.1, 0.1}), 0u);
  EXPECT_EQ(fisher_items_needed(0.3, 0.3), 0u);
  EXPECT_EQ(equivalence_items_needed({0.2, 0.1}, 0.05), 0u);
  EXPECT_EQ(mcnemar_power(10, {0, 0}), 0);
  EXPECT_GT(mcnemar_items_needed({0.1, 0.1 + 1e-12}), 1'000'000'000u);
}

TEST(ItemsToDecide, IsTheSoonerOfBoth) {
  // A difference of 4 standard errors needs fewer items, one of half a standard error more; one of 0 is shown to be small.
  EXPECT_LT(items_to_decide({4, 1, 100}, 1e-3), 100u);
  EXPECT_NEAR(static_cast<double>(items_to_decide({0.5, 1, 100}, 1e-3)), 100 * 4 * 7.849, 2);   // (1.960 + 0.8416)^2
  EXPECT_NEAR(static_cast<double>(items_to_decide({0, 1, 100}, 1)), 100 * 8.564, 2);             // (1.645 + 1.2816)^2
  EXPECT_LT(items_to_decide({0.5, 1, 100}, 3.5), 100u);
  EXPECT_EQ(items_to_decide({0, 0, 7}, 1), 7u);
}

}  // namespace
}  // namespace slm::lab
