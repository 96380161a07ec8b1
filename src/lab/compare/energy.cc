#include "lab/compare/session.h"
#include "lab/energy/energy_meter.h"

namespace slm::lab {
namespace {

constexpr std::chrono::seconds kIdle{10};
constexpr uint32_t kRuns = 3, kTokens = 128;
constexpr std::string_view kId = "energy_per_token", kTable = "speed";

// Gross joules of each run, A B A B ..., between two looks at the idle machine; then net of it, a token.
Result<TimedRuns> joules_per_token(Session& session, EnergyMeter& meter) {
  const auto keep_going = [&] { return session.watch.check().has_value(); };
  SLM_TRY_STATUS(meter.measure_idle(kIdle, keep_going));
  struct Use {
    EnergyUse energy;
    uint32_t tokens;
  };
  std::vector<Use> uses[2];
  for (uint32_t i = 0; i < kRuns; ++i) {
    for (int which : {0, 1}) {
      SLM_TRY_STATUS(meter.start());
      SLM_TRY(timings, session.models[which]->time_answer(1, kTokens, session.watch));
      SLM_TRY(energy, meter.stop());
      uses[which].push_back({energy, timings.tokens});
    }
  }
  SLM_TRY_STATUS(meter.measure_idle(kIdle, keep_going));
  TimedRuns runs;
  for (int which : {0, 1}) {
    for (const Use& use : uses[which]) {
      const double net = use.energy.net_joules(meter.idle_watts().value_or(0));
      if (net <= 0) return fail(ErrorKind::kFailed, "lab.reason.no_energy_above_idle");
      (which == 0 ? runs.a : runs.b).push_back(net / use.tokens);
    }
  }
  return runs;
}

}  // namespace

Status measure_energy(Session& session) {
  const Message label = msg("lab.row.energy");
  auto meter = EnergyMeter::probe(EnergyOf::kProcessor);
  if (!meter) {
    session.add(unmeasured_row(kId, kTable, label, meter.error().message));
    return {};
  }
  const auto runs = joules_per_token(session, *meter);
  SLM_TRY_STATUS(session.watch.check());
  if (!runs) {
    session.add(unmeasured_row(kId, kTable, label, runs.error().message));
    return {};
  }
  session.add(runs_row(kId, label, *runs, Direction::kLessIsBetter, session.setup.seed));
  return {};
}

}  // namespace slm::lab
