#include "lab/compare/sustained_rows.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace slm::lab {
namespace {

constexpr double kMinute = 60, kShortRun = 5 * kMinute, kBucketsOfShortRun = 10;
constexpr double kMostPlannedRest = 2 * kMinute;
constexpr std::string_view kSpeed = "speed";
constexpr double kMegabyte = 1e6;

const SustainedRun& side(const SustainedRun& a, const SustainedRun& b, char model) { return model == 'a' ? a : b; }

// "30 s", "10 min": the same in every language.
std::string time_text(double seconds) {
  return seconds < 2 * kMinute ? fmt::format("{:.0f} s", seconds) : fmt::format("{:.4g} min", seconds / kMinute);
}

std::vector<double> rates(const SustainedRun& run) {
  std::vector<double> rates;
  for (const SustainedBucket& bucket : run.buckets) rates.push_back(bucket.rate);
  return rates;
}

Value figure(double number) { return {format_figure(number), number}; }

// One side's cell, or that there is nothing in it.
Value value_or_none(const std::optional<Value>& value) { return value.value_or(Value{"-", {}}); }

// The records of a series, a bucket each.
template <class Field>
void add_series(ComparisonRow& row, const SustainedRun& run, char model, double bucket_seconds, const Field& field) {
  for (const SustainedBucket& bucket : run.buckets) {
    const std::optional<double> value = field(bucket);
    if (!value) continue;
    const std::string when = fmt::format("{:g}-{:g} s", bucket.number * bucket_seconds, (bucket.number + 1) * bucket_seconds);
    row.records.push_back({bucket.number, model, when, *value});
  }
}

ComparisonRow decode_row(const SustainedRun& a, const SustainedRun& b, const SustainedPlan& plan, uint64_t seed) {
  const std::string_view id = "sustained_decode";
  const Message label = msg("lab.row.sustained_decode", time_text(plan.seconds), time_text(plan.rest));
  if (a.buckets.empty() && b.buckets.empty()) return unmeasured_row(id, kSpeed, label, a.no_rate);
  const TimedRuns runs{rates(a), rates(b)};
  ComparisonRow row;
  if (runs.a.empty() || runs.b.empty()) {
    const auto middle = [](const std::vector<double>& rates) { return rates.empty() ? Value{"-", {}} : figure(median(rates)); };
    row = fact_row(id, kSpeed, label, middle(runs.a), middle(runs.b));
    row.reason = runs.a.empty() ? a.no_rate : b.no_rate;
  } else {
    row = runs_row(id, label, runs, Direction::kMoreIsBetter, seed);
  }
  row.records.clear();
  for (const char model : {'a', 'b'}) {
    add_series(row, side(a, b, model), model, plan.bucket, [](const SustainedBucket& bucket) { return std::optional(bucket.rate); });
  }
  return row;
}

// "A", "B" or "A, B": whose interval does not hold 0.
template <class Found>
Message what_differs(const std::optional<Found>& a, const std::optional<Found>& b) {
  std::string letters;
  for (const auto& [found, letter] : {std::pair{&a, "A"}, {&b, "B"}}) {
    if (*found && !(**found).interval.holds(0)) letters += (letters.empty() ? "" : ", ") + std::string(letter);
  }
  return letters.empty() ? msg("lab.sustained.like_zero") : msg("lab.sustained.unlike_zero", letters);
}

ComparisonRow loss_row(const SustainedRun& a, const SustainedRun& b, const SustainedPlan& plan, uint64_t seed) {
  const Message label = msg("lab.row.sustained_loss");
  const auto loss_a = heat_loss(a.answers, plan.seconds, seed), loss_b = heat_loss(b.answers, plan.seconds, seed);
  if (!loss_a && !loss_b) return unmeasured_row("sustained_loss", kSpeed, label, msg("lab.sustained.too_short"));
  const auto value = [](const HeatLoss& loss) {
    return Value{fmt::format("{:.1f} [{:.1f}, {:.1f}]", 100 * loss.share, 100 * loss.interval.low, 100 * loss.interval.high), loss.share};
  };
  ComparisonRow row = fact_row("sustained_loss", kSpeed, label, value_or_none(loss_a ? std::optional(value(*loss_a)) : std::nullopt),
                               value_or_none(loss_b ? std::optional(value(*loss_b)) : std::nullopt));
  row.reason = what_differs(loss_a, loss_b);
  for (const char model : {'a', 'b'}) {
    uint32_t number = 0;
    for (const SustainedAnswer& answer : side(a, b, model).answers) {
      row.records.push_back({number++, model, fmt::format("{:.2f} s", answer.at), answer.rate});
    }
  }
  return row;
}

// "2445 -> 2100": the means of the first and of the last third; the number is the latter.
template <class Field>
std::optional<Value> thirds_of(const SustainedRun& run, const SustainedPlan& plan, const Field& field) {
  double sum[2] = {}, n[2] = {};
  for (const SustainedBucket& bucket : run.buckets) {
    const std::optional<double> value = field(bucket);
    const double place = (bucket.number + 0.5) * plan.bucket / plan.seconds;
    if (!value || (place > 1.0 / 3 && place < 2.0 / 3)) continue;
    sum[place > 0.5] += *value;
    ++n[place > 0.5];
  }
  if (n[0] == 0 || n[1] == 0) return std::nullopt;
  const double last = sum[1] / n[1];
  return Value{format_figure(sum[0] / n[0]) + " -> " + format_figure(last), last};
}

template <class Field>
ComparisonRow state_row(std::string_view id, const Message& label, const SustainedRun& a, const SustainedRun& b, const SustainedPlan& plan,
                        const Message& reason, const Field& field) {
  const auto value_a = thirds_of(a, plan, field), value_b = thirds_of(b, plan, field);
  if (!value_a && !value_b) return unmeasured_row(id, kSpeed, label, reason.empty() ? msg("lab.sustained.too_short") : reason);
  ComparisonRow row = fact_row(id, kSpeed, label, value_or_none(value_a), value_or_none(value_b));
  for (const char model : {'a', 'b'}) add_series(row, side(a, b, model), model, plan.bucket, field);
  return row;
}

// One kind of memory: its row and where its bytes stand in a bucket.
struct MemoryKind {
  std::string_view id, label_key;
  std::optional<double> SustainedBucket::*bytes;
  Message SustainedRun::*why_not;
};
constexpr MemoryKind kResident = {"memory_slope", "lab.row.memory_slope", &SustainedBucket::resident_bytes, &SustainedRun::no_memory};
constexpr MemoryKind kGpu = {"gpu_memory_slope", "lab.row.gpu_memory_slope", &SustainedBucket::gpu_bytes, &SustainedRun::no_gpu_memory};

std::optional<Slope> memory_slope(const SustainedRun& run, const SustainedPlan& plan, const MemoryKind& kind) {
  std::vector<double> minutes, bytes;
  for (const SustainedBucket& bucket : run.buckets) {
    if (!(bucket.*kind.bytes)) continue;
    minutes.push_back((bucket.number + 1) * plan.bucket / kMinute);
    bytes.push_back(*(bucket.*kind.bytes));
  }
  return least_squares(minutes, bytes);
}

ComparisonRow memory_row(const SustainedRun& a, const SustainedRun& b, const SustainedPlan& plan, const MemoryKind& kind) {
  const Message label = msg(kind.label_key);
  const auto slope_a = memory_slope(a, plan, kind), slope_b = memory_slope(b, plan, kind);
  const Message& why = (a.*kind.why_not).empty() ? b.*kind.why_not : a.*kind.why_not;
  if (!slope_a && !slope_b) return unmeasured_row(kind.id, kSpeed, label, why.empty() ? msg("lab.sustained.too_short") : why);
  const auto value = [](const std::optional<Slope>& slope) -> std::optional<Value> {
    if (!slope) return std::nullopt;
    const auto megabytes = [](double bytes) { return bytes / kMegabyte; };
    return Value{fmt::format("{:+.2f} [{:+.2f}, {:+.2f}]", megabytes(slope->slope), megabytes(slope->interval.low),
                             megabytes(slope->interval.high)),
                 slope->slope};
  };
  ComparisonRow row = fact_row(kind.id, kSpeed, label, value_or_none(value(slope_a)), value_or_none(value(slope_b)));
  row.reason = why.empty() ? what_differs(slope_a, slope_b) : why;
  for (const char model : {'a', 'b'}) {
    add_series(row, side(a, b, model), model, plan.bucket, [&](const SustainedBucket& bucket) { return bucket.*kind.bytes; });
  }
  return row;
}

bool holds_gpu_memory(const SustainedRun& run) {
  return !run.no_gpu_memory.empty() ||
         std::any_of(run.buckets.begin(), run.buckets.end(), [](const SustainedBucket& bucket) { return bucket.gpu_bytes.has_value(); });
}

}  // namespace

SustainedPlan plan_sustained(double seconds) {
  SLM_CHECK(seconds > 0);
  return {seconds, seconds >= kShortRun ? kMinute : seconds / kBucketsOfShortRun, std::min(seconds / 5, kMostPlannedRest)};
}

std::optional<HeatLoss> heat_loss(const std::vector<SustainedAnswer>& answers, double run_seconds, uint64_t seed) {
  std::vector<double> first, last;
  for (const SustainedAnswer& answer : answers) {
    if (answer.at < run_seconds / 3) first.push_back(answer.rate);
    else if (answer.at >= 2 * run_seconds / 3) last.push_back(answer.rate);
  }
  if (first.empty() || last.empty()) return std::nullopt;
  const Bootstrap ratio = bootstrap_ratio_of_series(last, first, 0.5, seed);
  const Interval interval = ratio.percentile();
  return HeatLoss{1 - ratio.estimate, {1 - interval.high, 1 - interval.low}};
}

std::vector<ComparisonRow> sustained_rows(const SustainedRun& a, const SustainedRun& b, const SustainedPlan& plan, uint64_t seed) {
  const auto either = [](const Message& of_a, const Message& of_b) { return of_a.empty() ? of_b : of_a; };
  std::vector<ComparisonRow> rows = {decode_row(a, b, plan, seed), loss_row(a, b, plan, seed),
          state_row("sustained_clock", msg("lab.row.sustained_clock"), a, b, plan, either(a.no_clock, b.no_clock),
                    [](const SustainedBucket& bucket) { return bucket.mhz; }),
          state_row("sustained_temperature", msg("lab.row.sustained_temperature"), a, b, plan, either(a.no_temperature, b.no_temperature),
                    [](const SustainedBucket& bucket) { return bucket.celsius; }),
          memory_row(a, b, plan, kResident)};
  if (holds_gpu_memory(a) || holds_gpu_memory(b)) rows.push_back(memory_row(a, b, plan, kGpu));
  return rows;
}

}  // namespace slm::lab
