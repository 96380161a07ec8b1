#include "lab/compare/sustained.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/temporary_directory.h"
#include "base/text.h"
#include "lab/compare/machine_state.h"
#include "lab/comparison_details.h"

namespace slm::lab {
namespace {

TEST(Clock, IsTheMeanOfTheBusiest) {
  const TemporaryDirectory root;
  root.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "2400000\n");
  root.write("sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "800000\n");
  root.write("sys/devices/system/cpu/cpu2/cpufreq/scaling_cur_freq", "2000000\n");
  root.write("sys/devices/system/cpu/cpufreq/scaling_cur_freq", "9000000\n");  // no processor
  root.write("proc/cpuinfo", "cpu MHz\t\t: 5000.0\n");
  EXPECT_EQ(read_clock_mhz(root.path(), 2).value_or(0), 2200);
  EXPECT_EQ(read_clock_mhz(root.path(), 1).value_or(0), 2400);
  EXPECT_NEAR(read_clock_mhz(root.path(), 64).value_or(0), 5200.0 / 3, 1e-9);
}

TEST(Clock, IsReadFromCpuinfoWithoutCpufreq) {
  const TemporaryDirectory root;
  EXPECT_EQ(read_clock_mhz(root.path(), 1).error().message.key, "lab.sustained.no_clock");
  root.write("proc/cpuinfo", "processor : 0\ncpu MHz\t\t: 2445.406\nmodel name: x\nprocessor : 1\ncpu MHz\t\t: 1000\ncpu MHz\ncpu MHz: x\n");
  EXPECT_NEAR(read_clock_mhz(root.path(), 1).value_or(0), 2445.406, 1e-9);
}

TEST(Temperature, IsThatOfTheHottestZone) {
  const TemporaryDirectory root;
  EXPECT_EQ(read_celsius(root.path()).error().message.key, "lab.sustained.no_temperature");
  root.write("sys/class/hwmon/hwmon0/temp1_input", "45000\n");
  root.write("sys/class/hwmon/hwmon0/temp1_crit", "100000\n");
  EXPECT_EQ(read_celsius(root.path()).value_or(0), 45);
  root.write("sys/class/thermal/thermal_zone0/temp", "-274000\n");  // a sensor that is off
  root.write("sys/class/thermal/thermal_zone1/temp", "nonsense\n");
  EXPECT_EQ(read_celsius(root.path()).value_or(0), 45);
  root.write("sys/class/thermal/thermal_zone2/temp", "61500\n");
  root.write("sys/class/thermal/thermal_zone3/temp", "40000\n");
  EXPECT_EQ(read_celsius(root.path()).value_or(0), 61.5);
}

TEST(SustainedPlan, HasMinutesOrTenths) {
  EXPECT_EQ(plan_sustained(600).bucket, 60);
  EXPECT_EQ(plan_sustained(600).rest, 120);
  EXPECT_EQ(plan_sustained(300).bucket, 60);
  EXPECT_EQ(plan_sustained(30).bucket, 3);
  EXPECT_EQ(plan_sustained(30).rest, 6);
}

// Answers of a run of 90 s, one a second: at 100 tokens a second, and from `since` on at `rate`.
std::vector<SustainedAnswer> answers(double since, double rate) {
  std::vector<SustainedAnswer> answers;
  for (int i = 0; i < 90; ++i) answers.push_back({double(i), (i >= since ? rate : 100) + i % 3 - 1});
  return answers;
}

TEST(HeatLoss, IsTheLastThirdAgainstTheFirst) {
  const auto hot = heat_loss(answers(45, 80), 90, 1), cool = heat_loss(answers(90, 80), 90, 1);
  ASSERT_TRUE(hot && cool);
  EXPECT_NEAR(hot->share, 0.2, 1e-12);
  EXPECT_GT(hot->interval.low, 0.17);
  EXPECT_LT(hot->interval.high, 0.23);
  EXPECT_EQ(cool->share, 0);
  EXPECT_TRUE(cool->interval.holds(0));
  EXPECT_FALSE(heat_loss({{1, 100}, {50, 100}}, 90, 1));
}

TEST(LeastSquares, GivesTheSlopeAndItsInterval) {
  // scipy.stats.linregress: slope 1.9, standard error 0.3; t.ppf(0.975, 3) = 3.182446...
  const auto noisy = least_squares({0, 1, 2, 3, 4}, {1, 2, 6, 7, 8});
  ASSERT_TRUE(noisy);
  EXPECT_NEAR(noisy->slope, 1.9, 1e-12);
  EXPECT_NEAR(noisy->interval.high - noisy->slope, 3.1824463052837078 * 0.3, 1e-9);
  const auto exact = least_squares({0, 1, 2}, {5, 5, 5});
  ASSERT_TRUE(exact);
  EXPECT_EQ(exact->slope, 0);
  EXPECT_TRUE(exact->interval.holds(0));
  EXPECT_FALSE(least_squares({0, 1}, {0, 1}));
  EXPECT_FALSE(least_squares({1, 1, 1}, {0, 1, 2}));
}

// Ten minutes at these rates, the memory growing by `growth` bytes a minute.
SustainedRun ten_minutes(double first, double last, double growth) {
  SustainedRun run;
  for (uint32_t i = 0; i < 10; ++i) {
    const double rate = first + (last - first) * i / 9;
    run.buckets.push_back({i, rate, 2000.0 - 50 * i, 40.0 + i, 1e8 + growth * i + (i % 2), {}});
    for (int k = 0; k < 6; ++k) run.answers.push_back({60.0 * i + 10 * k, rate + 0.01 * k});
  }
  return run;
}

const ComparisonRow& find(const std::vector<ComparisonRow>& rows, std::string_view id) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const ComparisonRow& row) { return row.id == id; });
  EXPECT_NE(found, rows.end()) << id;
  return *found;
}

TEST(SustainedRows, SayWhatTheSeriesSays) {
  const auto rows = sustained_rows(ten_minutes(100, 70, 1e6), ten_minutes(50, 50, 0), plan_sustained(600), 1);
  const ComparisonRow& decode = find(rows, "sustained_decode");
  EXPECT_EQ(decode.a.number, 85);
  EXPECT_EQ(decode.b.number, 50);
  EXPECT_EQ(decode.verdict, Verdict::kBetter);
  ASSERT_EQ(decode.records.size(), 20u);
  EXPECT_EQ(decode.records[1].item, 1u);
  EXPECT_EQ(decode.records[1].answer, "60-120 s");
  EXPECT_NEAR(decode.records[9].grade, 70, 1e-9);
  const ComparisonRow& loss = find(rows, "sustained_loss");
  EXPECT_NEAR(*loss.a.number, 1 - 73.0 / 96.0, 0.02);
  EXPECT_NEAR(*loss.b.number, 0, 1e-3);
  EXPECT_EQ(loss.reason.key, "lab.sustained.unlike_zero");
  EXPECT_EQ(loss.reason.args, std::vector<std::string>{"A"});
  EXPECT_EQ(find(rows, "sustained_clock").a.text, "1950 -> 1600");
  EXPECT_EQ(find(rows, "sustained_temperature").a.text, "41.0 -> 48.0");
  const ComparisonRow& memory = find(rows, "memory_slope");
  EXPECT_NEAR(*memory.a.number, 1e6, 10);
  EXPECT_EQ(memory.reason.args, std::vector<std::string>{"A"});
}

TEST(SustainedRows, WhatIsNotReadableSaysWhy) {
  SustainedRun run = ten_minutes(100, 100, 0);
  for (SustainedBucket& bucket : run.buckets) bucket.mhz = bucket.celsius = bucket.resident_bytes = std::nullopt;
  run.no_clock = msg("lab.sustained.no_clock");
  run.no_temperature = msg("lab.sustained.no_temperature");
  run.no_memory = msg("lab.sustained.elsewhere");
  const auto rows = sustained_rows(run, run, plan_sustained(600), 1);
  EXPECT_EQ(find(rows, "sustained_clock").reason.key, "lab.sustained.no_clock");
  EXPECT_EQ(find(rows, "sustained_temperature").verdict, Verdict::kNotMeasured);
  EXPECT_EQ(find(rows, "memory_slope").reason.key, "lab.sustained.elsewhere");
}

TEST(SustainedRows, OneSideAloneStands) {
  SustainedRun none;
  none.no_rate = msg("lab.sustained.not_reached");
  const auto rows = sustained_rows(ten_minutes(100, 90, 0), none, plan_sustained(600), 1);
  const ComparisonRow& decode = find(rows, "sustained_decode");
  EXPECT_EQ(decode.a.number, 95);
  EXPECT_FALSE(decode.b.number);
  EXPECT_EQ(decode.verdict, Verdict::kFact);
  EXPECT_EQ(decode.records.size(), 10u);
  for (const ComparisonRow& row : sustained_rows(none, none, plan_sustained(600), 1)) EXPECT_EQ(row.verdict, Verdict::kNotMeasured) << row.id;
}

// Answers after some milliseconds; `fails_at`: its answers before it fails.
class PacedModel : public MeasuredModel {
 public:
  explicit PacedModel(int threads = 1, int fails_at = 1'000'000) : threads_(threads), fails_at_(fails_at) {}
  Result<Timings> time_answer(uint32_t, uint32_t tokens, const Watch& watch) override {
    SLM_TRY_STATUS(watch.check());
    if (asked_++ == fails_at_) return fail(ErrorKind::kNetwork, "lab.no_answer", "paced");
    tokens_ = tokens;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return Timings{.prompt_tokens = 32, .cached_tokens = 0, .prompt_seconds = 0.001, .tokens = tokens, .seconds = 0.002, .first_token_seconds = 0.001};
  }
  std::optional<uint64_t> count_tokens(std::string_view, const Watch&) override { return std::nullopt; }
  TaskSubject task_subject() override { return {}; }
  std::string isa() const override { return ""; }
  int threads() const override { return threads_; }
  Result<std::vector<int>> processes() const override {
    if (served_by > 0) return std::vector<int>{served_by};
    if (threads_ == 0) return fail(ErrorKind::kNotFound, "lab.endpoint.remote");
    return std::vector<int>{getpid()};
  }
  int served_by = 0;

  uint32_t tokens_ = 0;

 private:
  int threads_, fails_at_, asked_ = 0;
};

TEST(SustainedRun, FillsItsTimeWithAnswers) {
  const TemporaryDirectory root;
  root.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "2400000\n");
  root.write("sys/class/thermal/thermal_zone0/temp", "50000\n");
  PacedModel model;
  const SustainedEnd end = run_sustained(model, {{1.0, 0.1, 0}, 1'600, root.path()}, {}, msg("lab.stage.sustained", "x"));
  EXPECT_FALSE(end.stopped);
  EXPECT_EQ(model.tokens_, 40u);  // a quarter of a bucket
  ASSERT_GE(end.run.buckets.size(), 5u);
  EXPECT_GT(end.run.answers.back().at, 0.5);
  for (const SustainedBucket& bucket : end.run.buckets) {
    EXPECT_NEAR(bucket.rate, 39 / 0.002, 1e-6);
    EXPECT_EQ(bucket.mhz, 2400);
    EXPECT_EQ(bucket.celsius, 50);
    EXPECT_GT(bucket.resident_bytes.value_or(0), 0);
  }
  EXPECT_EQ(end.run.start_celsius, 50);
}

TEST(SustainedRun, OfAnotherProcessOnlyTheRateIsKnown) {
  PacedModel model(0);
  const SustainedEnd end = run_sustained(model, {{0.05, 0.02, 0}, 1, ""}, {}, {});
  ASSERT_FALSE(end.run.buckets.empty());
  EXPECT_EQ(model.tokens_, 16u);
  EXPECT_FALSE(end.run.buckets[0].mhz || end.run.buckets[0].celsius || end.run.buckets[0].resident_bytes);
  EXPECT_EQ(end.run.no_memory.key, "lab.endpoint.remote");
}

TEST(SustainedRun, OfAServerOnThisMachineItsMemoryIsKnown) {
  const TemporaryDirectory root;
  root.write("sys/class/thermal/thermal_zone0/temp", "50000\n");
  PacedModel model(0);
  model.served_by = getppid();
  const SustainedEnd end = run_sustained(model, {{0.2, 0.05, 0}, 1, root.path()}, {}, {});
  ASSERT_FALSE(end.run.buckets.empty());
  for (const SustainedBucket& bucket : end.run.buckets) {
    EXPECT_GT(bucket.resident_bytes.value_or(0), 0);
    EXPECT_EQ(bucket.celsius, 50);
    EXPECT_FALSE(bucket.mhz);
  }
  EXPECT_EQ(end.run.no_clock.key, "lab.sustained.elsewhere");
}

TEST(SustainedRows, GpuMemoryHasARowWhereAServerHoldsAny) {
  SustainedRun served = ten_minutes(100, 100, 0);
  for (SustainedBucket& bucket : served.buckets) bucket.gpu_bytes = 2e9 + 3e6 * bucket.number;
  const auto rows = sustained_rows(served, ten_minutes(100, 100, 0), plan_sustained(600), 1);
  const ComparisonRow& row = find(rows, "gpu_memory_slope");
  EXPECT_NEAR(*row.a.number, 3e6, 10);
  EXPECT_FALSE(row.b.number);
  EXPECT_EQ(row.records.size(), 10u);
  SustainedRun hidden = ten_minutes(100, 100, 0);
  hidden.no_gpu_memory = msg("lab.gpu.untold");
  const auto untold = sustained_rows(hidden, ten_minutes(100, 100, 0), plan_sustained(600), 1);
  EXPECT_EQ(find(untold, "gpu_memory_slope").reason.key, "lab.gpu.untold");
  for (const ComparisonRow& one : sustained_rows(ten_minutes(1, 1, 0), ten_minutes(1, 1, 0), plan_sustained(600), 1)) EXPECT_NE(one.id, "gpu_memory_slope");
}

TEST(SustainedRun, KeepsWhatIsDoneWhenAnAnswerFails) {
  PacedModel later(1, 3), never(1, 0);
  const SustainedEnd some = run_sustained(later, {{10, 1, 0}, 1, ""}, {}, {}), none = run_sustained(never, {{10, 1, 0}, 1, ""}, {}, {});
  ASSERT_TRUE(some.stopped && none.stopped);
  EXPECT_EQ(some.run.answers.size(), 3u);
  EXPECT_EQ(none.run.no_rate.key, "lab.no_answer");
}

TEST(SustainedRun, StopsWhenCancelled) {
  std::atomic<bool> cancelled{false};
  const Watch watch{[&](const Progress& progress) { cancelled = cancelled || progress.total > 0; }, &cancelled};
  PacedModel model;
  const SustainedEnd end = run_sustained(model, {{10, 1, 0}, 1, ""}, watch, {});
  ASSERT_TRUE(end.stopped);
  EXPECT_EQ(end.stopped->message.key, "lab.interrupted");
  EXPECT_EQ(end.run.answers.size(), 1u);
}

TEST(Rest, WaitsForTheTimeAndForTheTemperature) {
  const TemporaryDirectory root;
  root.write("sys/class/thermal/thermal_zone0/temp", "70000\n");
  const auto start = std::chrono::steady_clock::now();
  std::thread cooling([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    root.write("sys/class/thermal/thermal_zone0/temp", "51000\n");
  });
  EXPECT_TRUE(rest(0.01, 50, root.path(), {}));
  cooling.join();
  EXPECT_GT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(140));
  EXPECT_TRUE(rest(0.01, std::nullopt, root.path(), {}));
  const std::atomic<bool> cancelled{true};
  EXPECT_FALSE(rest(100, std::nullopt, root.path(), {{}, &cancelled}));
}

TEST(Series, StandsBelowTheTableInEqualLines) {
  Comparison comparison;
  SustainedRun hour;
  for (uint32_t i = 0; i < 60; ++i) hour.buckets.push_back({i, 50, 2400, 60, 1e8, {}});
  comparison.rows = sustained_rows(hour, ten_minutes(100, 70, 0), plan_sustained(3600), 1);
  const std::string text = terminal_series(comparison);
  std::istringstream lines(text);
  size_t n = 0;
  for (std::string line; std::getline(lines, line); ++n) EXPECT_EQ(display_width(line), 80u) << line;
  EXPECT_LT(n, 32u);
  EXPECT_NE(text.find("50.0 (2400, 60)"), std::string::npos) << text;
  EXPECT_NE(text.find("3540-3600 s"), std::string::npos) << text;
  EXPECT_NE(text.find("20 of 60"), std::string::npos) << text;
  const std::string markdown = markdown_series(comparison);
  EXPECT_EQ(std::count(markdown.begin(), markdown.end(), '\n'), 5 + 60);
  EXPECT_EQ(terminal_series(Comparison{}) + markdown_series(Comparison{}), "");
}

}  // namespace
}  // namespace slm::lab
