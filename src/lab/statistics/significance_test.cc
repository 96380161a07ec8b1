#include "lab/statistics/significance.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lab/statistics/distributions.h"
#include "lab/statistics/power.h"
#include "lab/statistics/random.h"

namespace slm::lab {
namespace {

// Six discordant pairs, all for one model, are the fewest that show anything.
TEST(McNemar, NeedsSixToNothing) {
  EXPECT_GE(mcnemar_exact(5, 0), kSignificance);
  EXPECT_LT(mcnemar_exact(6, 0), kSignificance);
  EXPECT_EQ(mcnemar_exact(0, 6), mcnemar_exact(6, 0));
  EXPECT_EQ(mcnemar_exact(0, 0), 1);
}

// "9 of 10 against 5 of 10" shows nothing; 10 of 10 does, and so do 27 of 30 against 15 of 30.
TEST(Fisher, OfAFewTries) {
  EXPECT_NEAR(fisher_exact({9, 10, 5, 10}), 0.141, 0.0005);
  EXPECT_NEAR(fisher_exact({10, 10, 5, 10}), 0.033, 0.0005);
  EXPECT_NEAR(fisher_exact({27, 30, 15, 30}), 0.0015, 0.00005);
  EXPECT_EQ(fisher_exact({5, 10, 9, 10}), fisher_exact({9, 10, 5, 10}));
  EXPECT_EQ(fisher_exact({0, 0, 3, 4}), 1);
}

TEST(SignFlip, OfNothingIsOne) {
  EXPECT_EQ(sign_flip_test({}, 1, 100), 1);
  const std::vector<double> zeros(40, 0.0);
  EXPECT_EQ(sign_flip_test(zeros, 1, 100), 1);
}

// 60 differences of the size of the noise, as often above 0 as below: 5 of 100 tests find something, give or take 3 standard errors.
TEST(SignFlip, IsWrongAsOftenAsItSays) {
  SeededRandom random(3);
  int found = 0;
  constexpr int kTrials = 2'000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> differences(60);
    for (double& difference : differences) difference = random.uniform() - 0.5;
    found += sign_flip_test(differences, static_cast<uint64_t>(trial), 400) < kSignificance;
  }
  EXPECT_NEAR(found, kTrials * 0.05, 3 * std::sqrt(kTrials * 0.05 * 0.95));
}

TEST(SignFlip, SeesWhatIsThere) {
  std::vector<double> differences(60);
  for (size_t i = 0; i < differences.size(); ++i) differences[i] = 1 + std::sin(static_cast<double>(i));
  EXPECT_LT(sign_flip_test(differences, 1, 10'000), 0.001);
  EXPECT_EQ(sign_flip_test(differences, 1, 1'000), sign_flip_test(differences, 1, 1'000));
}

TEST(MannWhitney, EqualValuesShowNothing) {
  const std::vector<double> a(5, 2.0), many(50, 2.0);
  EXPECT_EQ(mann_whitney_test(a, a), 1);
  EXPECT_EQ(mann_whitney_test(many, many), 1);
  EXPECT_EQ(mann_whitney_test(a, {}), 1);
}

// Exact and approximate meet where one passes into the other.
TEST(MannWhitney, ApproximationGoesOnFromTheExact) {
  std::vector<double> a, b;
  for (int i = 0; i < 30; ++i) {
    a.push_back(i + 0.5);
    b.push_back(i + 5);
  }
  const double exact = mann_whitney_test(a, b);
  a.push_back(15.2);
  EXPECT_NEAR(mann_whitney_test(a, b), exact, 0.03);
}

double equivalence_error(uint64_t n, double discordant) {
  // A true difference of exactly the margin: "no difference that matters" would be an error.
  const double rate_a = (discordant - 0.05) / 2, rate_b = (discordant + 0.05) / 2;
  double error = 0;
  for (uint64_t a = 0; a <= n; ++a) {
    for (uint64_t b = 0; a + b <= n; ++b) {
      const double log_probability = log_choose(n, a) + log_choose(n - a, b) + static_cast<double>(a) * std::log(rate_a) +
                                     static_cast<double>(b) * std::log(rate_b) + static_cast<double>(n - a - b) * std::log1p(-discordant);
      if (log_probability < -35) continue;
      if (paired_equivalence_test({n - a - b, a, b, 0}, 0.05) < kSignificance) error += std::exp(log_probability);
    }
  }
  return error;
}

TEST(Equivalence, ErrsAtMostAsOftenAsItSays) {
  for (uint64_t n : {30u, 52u, 60u, 70u, 100u, 150u, 200u, 300u, 500u}) {
    for (double discordant : {0.0501, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 0.9}) {
      EXPECT_LE(equivalence_error(n, discordant), 0.05) << n << " pairs, " << discordant;
    }
  }
}

TEST(Equivalence, NeedsPairsEvenWhereAllAgree) {
  EXPECT_EQ(paired_equivalence_test({}, 0.05), 1);
  EXPECT_GE(paired_equivalence_test({30, 0, 0, 39}, 0.05), kSignificance);
  EXPECT_LT(paired_equivalence_test({30, 0, 0, 40}, 0.05), kSignificance);
  EXPECT_GE(paired_equivalence_test({900, 70, 10, 20}, 0.05), 0.5);  // six points apart
  EXPECT_EQ(paired_equivalence_test({900, 10, 70, 20}, 0.05), paired_equivalence_test({900, 70, 10, 20}, 0.05));
}

// The items said to be needed give about the power asked for: 2,000 draws, 3 standard errors and what the approximation leaves.
TEST(Equivalence, HasThePowerItsItemsPromise) {
  SeededRandom random(23);
  for (const PairedRates& rates : {PairedRates{0.05, 0.05}, PairedRates{0.1, 0.1}, PairedRates{0.06, 0.05}}) {
    const uint64_t n = equivalence_items_needed(rates, 0.05);
    int found = 0;
    constexpr int kTrials = 2'000;
    for (int trial = 0; trial < kTrials; ++trial) {
      PairedCounts counts;
      for (uint64_t i = 0; i < n; ++i) {
        const double u = random.uniform();
        ++(u < rates.only_a ? counts.only_a : u < rates.discordant() ? counts.only_b : counts.both);
      }
      found += paired_equivalence_test(counts, 0.05) < kSignificance;
    }
    EXPECT_NEAR(found, kTrials * 0.8, kTrials * 0.04) << n;
  }
}

TEST(Holm, KeepsTheOrderAndNeverGoesDown) {
  EXPECT_TRUE(holm_adjusted({}).empty());
  const std::vector<double> p = {0.5, 0.001, 0.2, 0.9, 0.001};
  const std::vector<double> adjusted = holm_adjusted(p);
  EXPECT_EQ(adjusted[1], 0.005);
  EXPECT_EQ(adjusted[4], 0.005);  // as its equal
  EXPECT_EQ(adjusted[3], 1);
  for (size_t i = 0; i < p.size(); ++i) EXPECT_GE(adjusted[i], p[i]);
}

}  // namespace
}  // namespace slm::lab
