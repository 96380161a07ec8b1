#include "lab/planning/plan.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "lab/planning/stopping.h"
#include "lab/statistics/power.h"
#include "lab/statistics/random.h"

namespace slm::lab {
namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();

std::vector<RowCost> costs() {
  return {{"hellaswag", 0.5, 20, 10'042, true}, {"piqa", 0.2, 20, 1'838, true}, {"gsm8k", 14, 20, 1'319, true}, {"flores", 0.3, 50, 1'012, false}};
}

TEST(Plan, HoldsItsBudgetAndUsesIt) {
  for (double budget : {330.0, 600.0, 1'200.0, 7'200.0, 20'000.0}) {
    const Plan plan = make_plan(costs(), budget);
    EXPECT_LE(plan.seconds(), budget);
    EXPECT_GE(plan.seconds(), budget - 16) << "less than the four items that might still fit is left over";
    for (const PlannedRow& row : plan.rows) {
      EXPECT_GE(row.items, row.cost.least) << row.cost.id;
      EXPECT_LE(row.items, row.cost.available) << row.cost.id;
    }
  }
}

// Where no bound holds a row, its items go with 1 / sqrt(cost): 4 times the cost, half the items.
TEST(Plan, SharesForTheLeastVariance) {
  const std::vector<RowCost> rows = {{"a", 1, 1, 1'000'000, true}, {"b", 4, 1, 1'000'000, true}};
  const Plan plan = make_plan(rows, 3'000);
  EXPECT_NEAR(static_cast<double>(plan.rows[0].items), 1'000, 2);
  EXPECT_NEAR(static_cast<double>(plan.rows[1].items), 500, 2);
  // No other split of the same time does better.
  const auto variance = [](double a) { return 1 / a + 1 / ((3'000 - a) / 4); };
  for (double a : {500.0, 900.0, 1'100.0, 1'500.0}) EXPECT_GT(variance(a), variance(1'000));
}

TEST(Plan, LeavesOutTheCostliestRowThatDoesNotFit) {
  const Plan plan = make_plan(costs(), 100);  // 10 + 4 + 280 + 15 seconds are the least
  EXPECT_EQ(plan.rows[2].items, 0u);
  EXPECT_GE(plan.rows[0].items, 20u);
  EXPECT_GE(plan.rows[1].items, 20u);
  EXPECT_GE(plan.rows[3].items, 50u);
  EXPECT_LE(plan.seconds(), 100);
  for (const PlannedRow& row : make_plan(costs(), 1).rows) EXPECT_EQ(row.items, 0u);
}

TEST(Plan, WithoutLimitTakesEverything) {
  const Plan plan = make_plan(costs(), kForever);
  for (const PlannedRow& row : plan.rows) EXPECT_EQ(row.items, row.cost.available);
  EXPECT_EQ(make_plan({}, 10).seconds(), 0);
  const std::vector<RowCost> few = {{"few", 1, 20, 7, true}, {"none", 1, 20, 0, true}};
  EXPECT_EQ(make_plan(few, 1'000).rows[0].items, 7u);
  EXPECT_EQ(make_plan(few, 1'000).rows[1].items, 0u);
}

// Runs a plan to its end; `answer(row, items)` says whether the row is decided after these items.
struct PlanRun {
  std::vector<RowProgress> progress;
  std::vector<std::vector<Step>> steps;
  double left = 0;
};
template <class Answer>
PlanRun run(const Plan& plan, const Answer& answer) {
  PlanRun result{std::vector<RowProgress>(plan.rows.size()), std::vector<std::vector<Step>>(plan.rows.size()), plan.budget_seconds};
  while (const auto step = next_step(plan, result.progress, result.left)) {
    EXPECT_GT(step->items, 0u);
    EXPECT_FALSE(result.progress[step->row].decided) << "a decided row gets nothing more";
    result.left -= static_cast<double>(step->items) * plan.rows[step->row].cost.seconds_per_item;
    EXPECT_GE(result.left, -1e-3);
    result.progress[step->row].items += step->items;
    EXPECT_LE(result.progress[step->row].items, plan.rows[step->row].cost.available);
    if (!result.steps[step->row].empty()) {
      EXPECT_GE(step->share, result.steps[step->row].back().share);
    }
    result.steps[step->row].push_back(*step);
    result.progress[step->row].decided = plan.rows[step->row].cost.may_stop && answer(step->row, *step);
  }
  return result;
}

TEST(NextStep, FollowsThePlanWhereNothingIsDecided) {
  const Plan plan = make_plan(costs(), 1'200);
  const PlanRun all = run(plan, [](size_t, const Step&) { return false; });
  for (size_t i = 0; i < plan.rows.size(); ++i) {
    EXPECT_GE(all.progress[i].items, plan.rows[i].items) << plan.rows[i].cost.id;
  }
  EXPECT_LT(all.left, 14);
  EXPECT_EQ(all.steps[3].size(), 1u) << "a row that may not stop gets its items at once";
  EXPECT_EQ(all.progress[3].items, plan.rows[3].items);
}

TEST(NextStep, EveryRowGetsItsLeastFirst) {
  const Plan plan = make_plan(costs(), 1'200);
  std::vector<RowProgress> progress(4);
  double left = 1'200;
  for (size_t row : {0u, 1u, 2u, 3u}) {
    const auto step = next_step(plan, progress, left);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->row, row);
    EXPECT_EQ(step->items, row == 3 ? plan.rows[3].items : 20);
    progress[row].items = step->items;
    left -= static_cast<double>(step->items) * plan.rows[row].cost.seconds_per_item;
  }
}

TEST(NextStep, UndecidedRowsGetTheTimeOfDecidedOnes) {
  const Plan plan = make_plan(costs(), 1'200);
  const PlanRun some = run(plan, [](size_t row, const Step&) { return row != 2; });
  EXPECT_EQ(some.progress[0].items, 20u);
  EXPECT_GT(some.progress[2].items, plan.rows[2].items + 5);
  EXPECT_LT(some.left, 14);
}

TEST(NextStep, EndsWhenEverythingIsDecided) {
  const PlanRun all = run(make_plan(costs(), 1'200), [](size_t, const Step&) { return true; });
  EXPECT_GT(all.left, 500) << "time that nobody needs is not spent";
}

TEST(NextStep, ARowUsedUpHadItsLastLook) {
  const std::vector<RowCost> rows = {{"short", 1, 10, 40, true}, {"long", 1, 10, 10'000, true}};
  const PlanRun all = run(make_plan(rows, 500), [](size_t, const Step&) { return false; });
  EXPECT_EQ(all.progress[0].items, 40u);
  EXPECT_EQ(all.steps[0].back().share, 1);
}

TEST(NextStep, FitsInWhatTimeTheClockLeaves) {
  const Plan plan = make_plan(costs(), 1'200);
  EXPECT_FALSE(next_step(plan, std::vector<RowProgress>(4), 0));
  EXPECT_FALSE(next_step(plan, std::vector<RowProgress>(4), -5));
  const auto step = next_step(plan, std::vector<RowProgress>(4), 3.2);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->items, 6u);  // of hellaswag, at half a second each
}

TEST(NextStep, WithoutLimitLooksOnlyAtTheEnd) {
  std::vector<RowCost> rows = costs();
  for (RowCost& row : rows) row.least = std::numeric_limits<uint64_t>::max();
  const PlanRun all = run(make_plan(rows, kForever), [](size_t, const Step&) { return true; });
  for (size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(all.steps[i].size(), 1u);
    EXPECT_EQ(all.steps[i][0].share, 1);
    EXPECT_EQ(all.progress[i].items, rows[i].available);
  }
}

// The whole way, six rows of equal models: the share of comparisons in which any row is called better or worse stays within 5 %.
TEST(WholePlan, ErrsInAtMostFiveOfAHundredComparisons) {
  std::vector<RowCost> rows;
  const double discordance[] = {0.05, 0.1, 0.2, 0.3, 0.5, 0.4};
  for (double rate : discordance) rows.push_back({"row", 1 + 5 * rate, 20, 400, true});
  const Plan plan = make_plan(rows, 2'000);
  const double alpha = kSignificance / static_cast<double>(rows.size());
  SeededRandom random(31);
  constexpr int kTrials = 2'000;
  int wrong = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<std::vector<Look>> looks(rows.size());
    std::vector<Look> counts(rows.size(), Look{0, 0, 0});
    run(plan, [&](size_t row, const Step& step) {
      for (uint64_t item = 0; item < step.items; ++item) {
        const double u = random.uniform();
        if (u < discordance[row] / 2) ++counts[row].only_a;
        else if (u < discordance[row]) ++counts[row].only_b;
      }
      counts[row].share = step.share;
      looks[row].push_back(counts[row]);
      return sequential_mcnemar(looks[row], alpha).stop;
    });
    std::vector<double> p;
    for (size_t row = 0; row < rows.size(); ++row) {
      if (!sequential_mcnemar(looks[row], alpha).stop) {
        counts[row].share = 1;
        looks[row].push_back(counts[row]);
      }
      p.push_back(sequential_mcnemar(looks[row], alpha).p);
    }
    bool any = false;
    for (double adjusted : holm_adjusted(p)) any = any || adjusted < kSignificance;
    wrong += any;
  }
  RecordProperty("error", std::to_string(static_cast<double>(wrong) / kTrials));
  EXPECT_LE(wrong, kTrials * 0.05 + 3 * std::sqrt(kTrials * 0.05 * 0.95));
  EXPECT_GE(wrong, kTrials * 0.01);
}

}  // namespace
}  // namespace slm::lab
