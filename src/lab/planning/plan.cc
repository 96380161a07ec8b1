#include "lab/planning/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/result.h"

namespace slm::lab {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

uint64_t least_of(const RowCost& cost) { return std::min(cost.least, cost.available); }

double seconds_of_least(const RowCost& cost) { return static_cast<double>(least_of(cost)) * cost.seconds_per_item; }

// The rows whose least fits in the budget, the costliest left out first.
std::vector<bool> rows_that_fit(std::span<const RowCost> rows, double budget) {
  std::vector<size_t> order(rows.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) { return seconds_of_least(rows[x]) < seconds_of_least(rows[y]); });
  std::vector<bool> fits(rows.size());
  double seconds = 0;
  for (size_t row : order) {
    seconds += seconds_of_least(rows[row]);
    fits[row] = seconds <= budget && rows[row].available > 0;
  }
  return fits;
}

// Items in proportion to 1 / sqrt(cost), rounded down, from least to all there are.
uint64_t items_at(const RowCost& cost, double scale) {
  const double wanted = std::floor(scale / std::sqrt(cost.seconds_per_item));
  if (wanted >= static_cast<double>(cost.available)) return cost.available;
  return std::max(least_of(cost), static_cast<uint64_t>(wanted));
}

}  // namespace

double Plan::seconds() const {
  double sum = 0;
  for (const PlannedRow& row : rows) sum += row.seconds();
  return sum;
}

Plan make_plan(std::span<const RowCost> rows, double budget_seconds) {
  SLM_CHECK(budget_seconds > 0);
  for (const RowCost& row : rows) SLM_CHECK(row.seconds_per_item > 0);
  const std::vector<bool> fits = rows_that_fit(rows, budget_seconds);
  const auto at = [&](double scale) {
    Plan plan{{}, budget_seconds};
    for (size_t i = 0; i < rows.size(); ++i) plan.rows.push_back({rows[i], fits[i] ? items_at(rows[i], scale) : 0});
    return plan;
  };
  double low = 0, high = 1e30;  // more than any row has, at any cost that a clock can measure
  if (Plan everything = at(high); everything.seconds() <= budget_seconds) return everything;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (at(middle).seconds() <= budget_seconds ? low : high) = middle;
  }
  return at(low);
}

namespace {

uint64_t items_that_fit(const RowCost& cost, uint64_t items, double seconds_left) {
  // A step that the plan paid for must not fail to fit by the rounding of sums of seconds.
  const double fitting = std::floor(seconds_left / cost.seconds_per_item + 1e-6);
  return fitting >= static_cast<double>(items) ? items : static_cast<uint64_t>(std::max(0.0, fitting));
}

Step step_of(const Plan& plan, size_t row, const RowProgress& progress, uint64_t items, double seconds_left) {
  const RowCost& cost = plan.rows[row].cost;
  const bool is_last = progress.items + items >= cost.available;
  const double left = seconds_left - static_cast<double>(items) * cost.seconds_per_item;
  const double gone = std::isinf(plan.budget_seconds)
                          ? static_cast<double>(progress.items + items) / static_cast<double>(cost.available)
                          : 1 - left / plan.budget_seconds;
  return {row, items, is_last ? 1 : std::clamp(gone, 0.0, 1.0)};
}

}  // namespace

std::optional<Step> next_step(const Plan& plan, std::span<const RowProgress> progress, double seconds_left) {
  SLM_CHECK(progress.size() == plan.rows.size());
  for (size_t i = 0; i < plan.rows.size(); ++i) {
    const PlannedRow& row = plan.rows[i];
    const uint64_t first = std::min(row.items, row.cost.may_stop ? least_of(row.cost) : row.items);
    if (progress[i].items >= first) continue;
    const uint64_t items = items_that_fit(row.cost, first - progress[i].items, seconds_left);
    if (items > 0) return step_of(plan, i, progress[i], items, seconds_left);
  }
  std::optional<size_t> next;
  double smallest = kNoLimit;
  for (size_t i = 0; i < plan.rows.size(); ++i) {
    const PlannedRow& row = plan.rows[i];
    if (row.items == 0 || !row.cost.may_stop || progress[i].decided || progress[i].items >= row.cost.available) continue;
    if (items_that_fit(row.cost, 1, seconds_left) == 0) continue;
    const double part = static_cast<double>(progress[i].items) / static_cast<double>(row.items);
    if (part < smallest) {
      smallest = part;
      next = i;
    }
  }
  if (!next) return std::nullopt;
  const PlannedRow& row = plan.rows[*next];
  // No row goes beyond its plan while another has not reached its own.
  const uint64_t end = progress[*next].items < row.items ? row.items : row.cost.available;
  const uint64_t batch = std::min((row.items + kLooks - 1) / kLooks, end - progress[*next].items);
  return step_of(plan, *next, progress[*next], items_that_fit(row.cost, batch, seconds_left), seconds_left);
}

}  // namespace slm::lab
