#include "lab/planning/stopping.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "lab/planning/plan.h"
#include "lab/statistics/power.h"
#include "lab/statistics/random.h"

namespace slm::lab {
namespace {

TEST(SequentialMcNemar, OneLookIsTheExactTest) {
  for (uint64_t a = 0; a <= 12; ++a) {
    for (uint64_t b = 0; b <= 12; ++b) {
      const Stopping stopping = sequential_mcnemar(std::vector<Look>{{a, b, 1}});
      EXPECT_NEAR(stopping.p, mcnemar_exact(a, b), 1e-12);
      EXPECT_EQ(stopping.stop, mcnemar_exact(a, b) <= kSignificance);
    }
  }
}

TEST(SequentialMcNemar, SidesAreEqual) {
  const std::vector<Look> ab = {{5, 1, 0.3}, {9, 2, 0.6}, {15, 6, 1}}, ba = {{1, 5, 0.3}, {2, 9, 0.6}, {6, 15, 1}};
  EXPECT_EQ(sequential_mcnemar(ab).p, sequential_mcnemar(ba).p);
}

TEST(SequentialMcNemar, StopsAtOverwhelmingEvidence) {
  const Stopping stopping = sequential_mcnemar(std::vector<Look>{{20, 0, 0.2}, {20, 25, 1}});
  EXPECT_TRUE(stopping.stop);  // at the first look: what came after it does not count
  EXPECT_NEAR(stopping.p, std::ldexp(1.0, -19), 1e-15);
}

TEST(SequentialMcNemar, EarlyLooksSpendLittle) {
  EXPECT_NEAR(error_spent(0.2), 0.002, 1e-15);
  EXPECT_EQ(error_spent(1), 0.05);
  EXPECT_FALSE(sequential_mcnemar(std::vector<Look>{{8, 0, 0.2}}).stop);  // p = .008 would do at the end
  EXPECT_TRUE(sequential_mcnemar(std::vector<Look>{{8, 0, 1}}).stop);
  EXPECT_FALSE(sequential_mcnemar({}).stop);
  EXPECT_EQ(sequential_mcnemar({}).p, 1);
}

// A second look at the same answers spends what is left: how a row is judged when the time has run out.
TEST(SequentialMcNemar, TheLastLookMayAddNothing) {
  EXPECT_TRUE(sequential_mcnemar(std::vector<Look>{{8, 0, 0.2}, {8, 0, 1}}).stop);
}

TEST(SequentialMcNemar, SharesMayFall) {
  const std::vector<Look> falls = {{5, 1, 0.3}, {9, 2, 0.2}, {15, 3, 1}}, stays = {{5, 1, 0.3}, {9, 2, 0.3}, {15, 3, 1}};
  EXPECT_EQ(sequential_mcnemar(falls).p, sequential_mcnemar(stays).p);
}

struct Outcome {
  bool found = false, found_wrong_side = false;
  uint64_t items = 0;
};

// One row of up to `most` items, looked at after every fifth of them.
Outcome simulate(const PairedRates& rates, uint64_t most, SeededRandom& random) {
  std::vector<Look> looks;
  Look counts{0, 0, 0};
  for (uint64_t item = 1; item <= most; ++item) {
    const double u = random.uniform();
    if (u < rates.only_a) ++counts.only_a;
    else if (u < rates.discordant()) ++counts.only_b;
    if (item * kLooks % most != 0) continue;
    counts.share = static_cast<double>(item) / static_cast<double>(most);
    looks.push_back(counts);
    if (sequential_mcnemar(looks).stop) return {true, counts.only_b > counts.only_a, item};
  }
  return {false, false, most};
}

struct Rate {
  double found = 0, wrong_side = 0, items = 0;
};
Rate simulate_many(const PairedRates& rates, uint64_t most, int trials, uint64_t seed) {
  SeededRandom random(seed);
  Rate rate;
  for (int i = 0; i < trials; ++i) {
    const Outcome outcome = simulate(rates, most, random);
    rate.found += outcome.found;
    rate.wrong_side += outcome.found_wrong_side;
    rate.items += static_cast<double>(outcome.items);
  }
  return {rate.found / trials, rate.wrong_side / trials, rate.items / trials};
}

// No difference: 5,000 comparisons at each rate of discordance, looked at five times. At most 5 of 100 find one, and 3 standard errors.
TEST(SequentialMcNemar, ErrsAtMostAsOftenAsItSays) {
  constexpr int kTrials = 5'000;
  const double bound = 0.05 + 3 * std::sqrt(0.05 * 0.95 / kTrials);
  for (uint64_t items : {30u, 100u, 400u}) {
    for (double discordant : {0.05, 0.2, 0.5, 0.9}) {
      const Rate rate = simulate_many({discordant / 2, discordant / 2}, items, kTrials, 101);
      EXPECT_LE(rate.found, bound) << items << " items, " << discordant;
      RecordProperty("error_" + std::to_string(items) + "_" + std::to_string(static_cast<int>(100 * discordant)), std::to_string(rate.found));
      // The rule must not be safe by never finding anything.
      if (static_cast<double>(items) * discordant >= 40) {
        EXPECT_GE(rate.found, 0.02) << items << " items, " << discordant;
      }
    }
  }
}

// The same with plain tests at every look: twice the error. (Were it not so, the rule would be for nothing.)
TEST(SequentialMcNemar, PlainLooksWouldErr) {
  SeededRandom random(5);
  int found = 0;
  constexpr int kTrials = 4'000;
  for (int trial = 0; trial < kTrials; ++trial) {
    uint64_t a = 0, b = 0;
    bool any = false;
    for (int item = 1; item <= 400; ++item) {
      const double u = random.uniform();
      a += u < 0.1;
      b += u >= 0.1 && u < 0.2;
      if (item % 80 == 0) any = any || mcnemar_exact(a, b) < kSignificance;
    }
    found += any;
  }
  EXPECT_GT(found, kTrials * 0.07);
}

// What it costs and what it saves, where the exact test at the end has a power of 80 %.
TEST(SequentialMcNemar, KeepsItsPowerAndSavesItems) {
  for (const PairedRates& rates : {PairedRates{0.2, 0.1}, PairedRates{0.45, 0.05}, PairedRates{0.08, 0.03}}) {
    const uint64_t items = (mcnemar_items_needed(rates) + kLooks - 1) / kLooks * kLooks;
    const Rate rate = simulate_many(rates, items, 4'000, 7);
    RecordProperty("power_" + std::to_string(items), std::to_string(rate.found));
    RecordProperty("items_" + std::to_string(items), std::to_string(rate.items));
    EXPECT_GE(rate.found, 0.72) << items;
    EXPECT_LE(rate.wrong_side, 0.005) << items;
    EXPECT_LE(rate.items, 0.85 * static_cast<double>(items)) << items;
  }
  // A large difference ends a row long before its items are used up.
  EXPECT_LE(simulate_many({0.45, 0.05}, 200, 1'000, 9).items, 70);
}

}  // namespace
}  // namespace slm::lab
