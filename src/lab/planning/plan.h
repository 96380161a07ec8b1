// How many items of each row a budget of time buys, and which come next. Pure functions: the same costs and answers, the same plan.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace slm::lab {

struct RowCost {
  std::string id;
  double seconds_per_item = 0;      // measured, for both models together
  uint64_t least = 1;               // items without which the row is not worth its place
  uint64_t available = 0;           // items there are
  bool may_stop = true;             // a yes/no row, judged by sequential_mcnemar(); others get their planned items, no fewer and no more
};

struct PlannedRow {
  RowCost cost;
  uint64_t items = 0;               // 0: no time for it

  double seconds() const { return static_cast<double>(items) * cost.seconds_per_item; }
};

struct Plan {
  std::vector<PlannedRow> rows;     // in the order given
  double budget_seconds = 0;

  double seconds() const;           // of all rows; never more than the budget
};

// First `least` items of every row (all, where fewer are available); where the budget does not hold that, the rows whose least costs
// most get none. The time left is shared so that the sum of the variances of the rows is smallest: items in proportion to
// 1 / sqrt(seconds_per_item), within what is available. REQUIRES: budget_seconds > 0 (may be infinite); costs > 0.
Plan make_plan(std::span<const RowCost> rows, double budget_seconds);

// How far a row has come.
struct RowProgress {
  uint64_t items = 0;
  bool decided = false;             // by sequential_mcnemar(), at any look so far
};

// Answer `items` more items of row `row`, then look at it with `share`.
struct Step {
  size_t row = 0;
  uint64_t items = 0;
  double share = 0;                 // of Look
};

inline constexpr uint64_t kLooks = 5;  // at a row's planned items, if it goes on that long

// What to do next with `seconds_left` of the budget, by the plan's costs or by the clock:
// 1. every row up to its least, in order; a row that may not stop, up to its planned items;
// 2. then the undecided row that has the smallest part of its planned items, a fifth of them at a time: so time that decided rows leave
//    goes to the undecided, beyond their plan, until their items are used up.
// Nothing: every row is decided or used up, or no step fits. Then look once more at each undecided row with share 1.
// REQUIRES: as many rows in `progress` as in the plan.
std::optional<Step> next_step(const Plan& plan, std::span<const RowProgress> progress, double seconds_left);

}  // namespace slm::lab
