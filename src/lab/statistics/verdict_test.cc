#include "lab/statistics/verdict.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lab/statistics/posterior.h"

namespace slm::lab {
namespace {

TEST(Verdict, FollowsItsRuleInOrder) {
  EXPECT_EQ(verdict_of({.p = 0.049, .p_equivalent = 1, .probability = 0.98}), Verdict::kBetter);
  EXPECT_EQ(verdict_of({.p = 0.049, .p_equivalent = 1, .probability = 0.02}), Verdict::kWorse);
  EXPECT_EQ(verdict_of({.p = 0.05, .p_equivalent = 1, .probability = 0.97}), Verdict::kLikelyBetter);
  EXPECT_EQ(verdict_of({.p = 0.05, .p_equivalent = 1, .probability = 0.03}), Verdict::kLikelyWorse);
  EXPECT_EQ(verdict_of({.p = 0.05, .p_equivalent = 1, .probability = 0.96}), Verdict::kTooFew);
  // Shown beats likely: a difference too small to matter is none, however sure its sign; shown to be there it is told, however small.
  EXPECT_EQ(verdict_of({.p = 0.06, .p_equivalent = 0.01, .probability = 0.975}), Verdict::kNoDifference);
  EXPECT_EQ(verdict_of({.p = 0.04, .p_equivalent = 0.01, .probability = 0.98}), Verdict::kBetter);
  EXPECT_EQ(verdict_of({}), Verdict::kTooFew);
}

TEST(Verdict, NamesAreTheContract) {
  const std::pair<Verdict, const char*> names[] = {
      {Verdict::kBetter, "better"}, {Verdict::kWorse, "worse"}, {Verdict::kLikelyBetter, "likely_better"},
      {Verdict::kLikelyWorse, "likely_worse"}, {Verdict::kNoDifference, "no_difference"}, {Verdict::kTooFew, "too_few"},
      {Verdict::kFact, "fact"}, {Verdict::kNotMeasured, "not_measured"}};
  for (const auto& [verdict, name] : names) EXPECT_EQ(verdict_name(verdict), name);
}

TEST(Verdict, OfPairs) {
  EXPECT_EQ(verdict_of(evidence_of_pairs({40, 6, 0, 4})), Verdict::kBetter);
  EXPECT_EQ(verdict_of(evidence_of_pairs({40, 0, 6, 4})), Verdict::kWorse);
  EXPECT_EQ(verdict_of(evidence_of_pairs({40, 5, 0, 5})), Verdict::kLikelyBetter);   // P = .984
  EXPECT_EQ(verdict_of(evidence_of_pairs({40, 0, 5, 5})), Verdict::kLikelyWorse);
  EXPECT_EQ(verdict_of(evidence_of_pairs({40, 4, 0, 6})), Verdict::kTooFew);         // P = .969
  EXPECT_EQ(verdict_of(evidence_of_pairs({400, 10, 10, 100})), Verdict::kNoDifference);
  EXPECT_EQ(verdict_of(evidence_of_pairs({})), Verdict::kTooFew);
}

// What is shown is also likely: so Holm can make a "better" a "likely better", never a "too few".
TEST(Verdict, ShownPairsAreLikely) {
  for (uint64_t a = 0; a <= 60; ++a) {
    for (uint64_t b = 0; b < a; ++b) {
      if (evidence_of_pairs({100, a, b, 100}).p < kSignificance) {
        EXPECT_GE(paired_posterior(a, b), kLikely) << a << " " << b;
      }
    }
  }
}

Bootstrap constant(double value, size_t n) { return {value, n, 0, std::vector<double>(100, value)}; }

TEST(Verdict, FewItemsShowLittle) {
  const Null null{0, -1, 1};
  // All resamples above 0: of four items that is not likely yet, of five it is.
  EXPECT_EQ(evidence_of_bootstrap(constant(5, 4), 1, null, Direction::kMoreIsBetter).probability, 1 - 1.0 / 32);
  EXPECT_EQ(verdict_of(evidence_of_bootstrap(constant(5, 4), 1, null, Direction::kMoreIsBetter)), Verdict::kTooFew);
  EXPECT_EQ(verdict_of(evidence_of_bootstrap(constant(5, 5), 1, null, Direction::kMoreIsBetter)), Verdict::kLikelyBetter);
  EXPECT_EQ(verdict_of(evidence_of_bootstrap(constant(5, 5), 1, null, Direction::kLessIsBetter)), Verdict::kLikelyWorse);
  EXPECT_EQ(verdict_of(evidence_of_bootstrap(constant(0.5, 4), 1, null, Direction::kMoreIsBetter)), Verdict::kTooFew);
  EXPECT_EQ(verdict_of(evidence_of_bootstrap(constant(0.5, 5), 1, null, Direction::kMoreIsBetter)), Verdict::kNoDifference);
}

TEST(MorePairs, WouldTell) {
  // 12 to 4 of 100: the rates as measured, half a pair added to each, need 160 or so.
  const PairedCounts counts{60, 12, 4, 24};
  const uint64_t more = more_pairs_needed(counts);
  const PairedRates rates{12.5 / 101, 4.5 / 101};
  EXPECT_EQ(more, mcnemar_items_needed(rates) - 100);
  // Equal so far: enough to show that.
  EXPECT_EQ(more_pairs_needed({60, 8, 8, 24}), equivalence_items_needed({8.5 / 101, 8.5 / 101}, 0.05) - 100);
  EXPECT_EQ(more_pairs_needed({}), 0u);
  EXPECT_GE(more_pairs_needed({0, 0, 0, 1}), 1u);
  EXPECT_GE(more_pairs_needed({4'000, 1'000, 10, 5'000}), 1u);
}

TEST(MoreItems, AreAtLeastWhatATestNeeds) {
  EXPECT_EQ(more_items_needed({0, 0, 2}, 1), 4u);
  EXPECT_EQ(more_items_needed({0, 0, 50}, 1), 1u);
  EXPECT_EQ(more_items_needed({0.5, 1, 100}, 1e-3), items_to_decide({0.5, 1, 100}, 1e-3) - 100);
}

}  // namespace
}  // namespace slm::lab
