#include <algorithm>

#include "lab/compare/session.h"
#include "lab/endpoint/endpoint.h"
#include "lab/endpoint/served_process.h"
#include "lab/energy/energy_meter.h"

namespace slm::lab {
namespace {

constexpr std::chrono::seconds kIdle{10};
constexpr uint32_t kRuns = 3, kTokens = 128;
constexpr std::string_view kSpeedTable = "speed";

struct EnergyRuns {
  TimedRuns joules_per_token, watts;
};

// Gross joules of each run, A B A B ..., between two looks at the idle machine; then net of it, a token and a second.
Result<EnergyRuns> measure_runs(Session& session, EnergyMeter& meter) {
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
  EnergyRuns runs;
  for (int which : {0, 1}) {
    for (const Use& use : uses[which]) {
      const double net = use.energy.net_joules(meter.idle_watts().value_or(0));
      if (net <= 0) return fail(ErrorKind::kFailed, "lab.reason.no_energy_above_idle");
      (which == 0 ? runs.joules_per_token.a : runs.joules_per_token.b).push_back(net / use.tokens);
      (which == 0 ? runs.watts.a : runs.watts.b).push_back(net / std::max(use.energy.seconds, 1e-9));
    }
  }
  return runs;
}

// A server elsewhere takes its energy there, one with a GPU takes most of it where this meter does not look.
Status check_all_here(const Session& session) {
  for (int which : {0, 1}) {
    if (!session.is_endpoint(which)) continue;
    SLM_TRY(process, find_served_process(session.subjects[which]->endpoint->address()));
    if (holds_gpu(process)) return fail(ErrorKind::kNotFound, "lab.endpoint.on_gpu");
  }
  return {};
}

Result<EnergyRuns> measured(Session& session) {
  SLM_TRY_STATUS(check_all_here(session));
  SLM_TRY(meter, EnergyMeter::probe(EnergyOf::kProcessor));
  return measure_runs(session, meter);
}

}  // namespace

Status measure_energy(Session& session) {
  const auto runs = measured(session);
  SLM_TRY_STATUS(session.watch.check());
  const auto add = [&](std::string_view id, Message label, TimedRuns EnergyRuns::*values) {
    session.add(runs ? runs_row(id, std::move(label), (*runs).*values, Direction::kLessIsBetter, session.setup.seed)
                     : unmeasured_row(id, kSpeedTable, std::move(label), runs.error().message));
  };
  add("energy_per_token", msg("lab.row.energy"), &EnergyRuns::joules_per_token);
  if (session.has_endpoint()) add("mean_watts", msg("lab.endpoint.watts"), &EnergyRuns::watts);
  return {};
}

}  // namespace slm::lab
