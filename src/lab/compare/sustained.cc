#include "lab/compare/sustained.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "base/machine.h"
#include "lab/compare/machine_state.h"
#include "lab/compare/session.h"
#include "lab/endpoint/served_process.h"
#include "lab/energy/gpu_memory.h"

namespace slm::lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kPrompt = 32;                 // tokens: little to read, so that the work is decode
constexpr double kAnswersPerBucket = 4;
constexpr uint32_t kFewestTokens = 16, kMostTokens = 256;
constexpr double kRestSlackCelsius = 2;
constexpr std::chrono::milliseconds kRestStep{100};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The series of one run as its answers come in.
class Recorder {
 public:
  Recorder(const MeasuredModel& model, const SustainedSetup& setup) : model_(model), setup_(setup) {
    if (const auto celsius = read_celsius(setup.root)) run_.start_celsius = *celsius;
    else run_.no_temperature = celsius.error().message;
    if (model_.threads() > 0) return;
    // A server's threads are its own affair, and so is which clock they run at.
    run_.no_clock = msg("lab.sustained.elsewhere");
    const auto processes = model_.processes();
    if (processes) return;
    run_.no_temperature = msg("lab.sustained.elsewhere");
    run_.no_memory = processes.error().message;
  }

  void add(double at, const Timings& timings) {
    const auto number = static_cast<uint32_t>(at / setup_.plan.bucket);
    if (run_.buckets.empty() || number != run_.buckets.back().number) {
      run_.buckets.emplace_back().number = number;
      tokens_ = seconds_ = 0;
    }
    const double seconds = std::max(timings.seconds, 1e-9);
    tokens_ += timings.tokens - 1;
    seconds_ += seconds;
    run_.buckets.back().rate = tokens_ / seconds_;
    run_.answers.push_back({at, (timings.tokens - 1) / seconds});
    look();
  }

  double rate() const { return run_.buckets.empty() ? 0 : run_.buckets.back().rate; }
  SustainedRun& run() { return run_; }

 private:
  // The bucket keeps the last look that falls in it.
  void look() {
    SustainedBucket& bucket = run_.buckets.back();
    const auto processes = model_.processes();
    if (!processes) return lost(processes.error());
    const ServedProcess served{processes->front(), *processes};
    // Of a process that ends at this moment there is nothing to read, and that is not a size.
    if (const uint64_t resident = memory_of(served).resident_bytes; resident > 0) bucket.resident_bytes = static_cast<double>(resident);
    if (const auto celsius = read_celsius(setup_.root)) bucket.celsius = *celsius;
    else run_.no_temperature = celsius.error().message;
    if (model_.threads() > 0) look_at_clock(bucket);
    else look_at_gpu(bucket, served);
  }

  // What was there and is gone, or never was.
  void lost(const Error& error) {
    if (run_.no_memory.empty()) run_.no_memory = error.message;
  }

  void look_at_clock(SustainedBucket& bucket) {
    if (const auto mhz = read_clock_mhz(setup_.root, model_.threads())) bucket.mhz = *mhz;
    else run_.no_clock = mhz.error().message;
  }

  void look_at_gpu(SustainedBucket& bucket, const ServedProcess& served) {
    if (const auto use = gpu_use_of(served.all)) bucket.gpu_bytes = static_cast<double>(use->bytes);
    else if (holds_gpu(served)) run_.no_gpu_memory = use.error().message;
  }

  const MeasuredModel& model_;
  const SustainedSetup& setup_;
  SustainedRun run_;
  double tokens_ = 0, seconds_ = 0;  // of the bucket
};

}  // namespace

SustainedEnd run_sustained(MeasuredModel& model, const SustainedSetup& setup, const Watch& watch, const Message& stage) {
  Recorder recorder(model, setup);
  const double wanted = setup.decode_rate * setup.plan.bucket / kAnswersPerBucket;
  const auto tokens = static_cast<uint32_t>(std::clamp(std::isfinite(wanted) ? wanted : 0.0, double{kFewestTokens}, double{kMostTokens}));
  SustainedEnd end;
  const Clock::time_point start = Clock::now();
  for (double at = 0; at < setup.plan.seconds; at = seconds_since(start)) {
    const auto timings = model.time_answer(kPrompt, tokens, watch);
    if (!timings) {
      end.stopped = timings.error();
      break;
    }
    recorder.add(at, *timings);
    watch.report({stage, static_cast<uint64_t>(seconds_since(start)), static_cast<uint64_t>(std::ceil(setup.plan.seconds)),
                  fmt::format("{:.1f} tok/s", recorder.rate())});
  }
  end.run = std::move(recorder.run());
  if (end.run.answers.empty() && end.stopped) end.run.no_rate = end.stopped->message;
  return end;
}

bool rest(double seconds, std::optional<double> target_celsius, const std::string& root, const Watch& watch) {
  const Clock::time_point start = Clock::now();
  for (;;) {
    if (!watch.check()) return false;
    const double rested = seconds_since(start);
    const auto celsius = target_celsius ? read_celsius(root) : Result<double>(0.0);
    const bool is_cool = !target_celsius || !celsius || *celsius <= *target_celsius + kRestSlackCelsius;
    if (rested >= seconds && (is_cool || rested >= std::max(seconds, kMostRest))) return true;
    const std::chrono::duration<double> left(seconds - rested);
    std::this_thread::sleep_for(left.count() > 0 ? std::min<std::chrono::duration<double>>(kRestStep, left) : kRestStep);
  }
}

Status measure_sustained(Session& session) {
  const SustainedPlan plan = plan_sustained(*session.setup.sustained_seconds);
  SustainedRun runs[2];
  for (SustainedRun& run : runs) run.no_rate = msg("lab.sustained.not_reached");
  std::optional<double> start_celsius;
  for (int which : {0, 1}) {
    session.watch.report({msg("lab.stage.rest", plan.rest), 0, 0, ""});
    if (!rest(plan.rest, start_celsius, "", session.watch)) break;
    SustainedEnd end = run_sustained(*session.models[which], {plan, session.decode_rate[which], ""}, session.watch,
                                     msg("lab.stage.sustained", session.name(which)));
    runs[which] = std::move(end.run);
    if (which == 0 && runs[0].no_temperature.empty()) start_celsius = runs[0].start_celsius;
    if (!end.stopped) continue;
    if (!session.watch.check()) break;
    session.comparison.warnings.push_back(msg("lab.sustained.stopped", session.name(which), render(end.stopped->message, language())));
  }
  for (ComparisonRow& row : sustained_rows(runs[0], runs[1], plan, session.setup.seed)) session.add(std::move(row));
  // What was measured before Ctrl-C stands in the table all the same.
  session.comparison.interrupted = !session.watch.check();
  return {};
}

}  // namespace slm::lab
