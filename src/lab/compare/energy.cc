#include <algorithm>
#include <optional>

#include "lab/compare/session.h"
#include "lab/endpoint/endpoint.h"
#include "lab/endpoint/served_process.h"
#include "lab/energy/energy_meter.h"
#include "lab/energy/gpu_memory.h"

namespace slm::lab {
namespace {

constexpr std::chrono::seconds kIdle{10};
constexpr uint32_t kRuns = 3, kTokens = 128;
constexpr std::string_view kSpeedTable = "speed";

// The meter of what computes one side, or the reason why there is none.
struct MeteredSide {
  std::vector<unsigned> gpus;             // empty: the processor
  std::shared_ptr<EnergyMeter> meter;     // null: `reason`
  Message reason;
  std::vector<double> joules_per_token, watts;  // a run each, net of the idle machine

  bool is_metered() const { return meter != nullptr; }
  void give_up(const Error& error) {
    meter = nullptr;
    reason = error.message;
  }
};

using Sides = MeteredSide[2];

std::shared_ptr<EnergyMeter> shared(EnergyMeter meter) { return std::make_shared<EnergyMeter>(std::move(meter)); }

Result<std::shared_ptr<EnergyMeter>> processor_meter() { return EnergyMeter::probe().map(shared); }

// A server elsewhere takes its energy there; one with a GPU takes most of it there.
Result<std::shared_ptr<EnergyMeter>> meter_of(const Session& session, int which, std::vector<unsigned>& gpus) {
  if (!session.is_endpoint(which)) return processor_meter();
  SLM_TRY(process, find_served_process(session.subjects[which]->endpoint->address()));
  const auto use = gpu_use_of(process.all);
  if (!use && holds_gpu(process)) return tl::unexpected<Error>(use.error());
  if (!use) return processor_meter();
  gpus = use->gpus;
  return EnergyMeter::of_gpus(gpus).map(shared);
}

void open_meters(const Session& session, Sides& sides) {
  for (int which : {0, 1}) {
    auto meter = meter_of(session, which, sides[which].gpus);
    if (meter) sides[which].meter = std::move(*meter);
    else sides[which].give_up(meter.error());
  }
  // One meter where both are of the same: it is idle for both at once.
  if (sides[0].meter && sides[1].meter && sides[0].gpus == sides[1].gpus) sides[1].meter = sides[0].meter;
}

void measure_idle(const Session& session, Sides& sides) {
  const auto keep_going = [&] { return session.watch.check().has_value(); };
  const EnergyMeter* seen = nullptr;
  for (MeteredSide& side : sides) {
    if (!side.is_metered() || side.meter.get() == seen) continue;
    seen = side.meter.get();
    if (const Status idle = side.meter->measure_idle(kIdle, keep_going); !idle) side.give_up(idle.error());
  }
}

struct Use {
  EnergyUse energy;
  uint32_t tokens = 0;
};

Result<Use> measure_answer(Session& session, int which, EnergyMeter& meter) {
  SLM_TRY_STATUS(meter.start());
  SLM_TRY(timings, session.models[which]->time_answer(1, kTokens, session.watch));
  SLM_TRY(energy, meter.stop());
  return Use{energy, timings.tokens};
}

// Net of the idle machine, a token and a second. Error: there was nothing above it.
Status take_off_idle(MeteredSide& side, const std::vector<Use>& uses) {
  for (const Use& use : uses) {
    const double net = use.energy.net_joules(side.meter->idle_watts().value_or(0));
    if (net <= 0) return fail(ErrorKind::kFailed, "lab.reason.no_energy_above_idle");
    side.joules_per_token.push_back(net / use.tokens);
    side.watts.push_back(net / std::max(use.energy.seconds, 1e-9));
  }
  return {};
}

// Runs A B A B ..., between two looks at the idle machine. What fails on one side leaves the other.
void measure_runs(Session& session, Sides& sides) {
  measure_idle(session, sides);
  std::vector<Use> uses[2];
  for (uint32_t i = 0; i < kRuns; ++i) {
    for (int which : {0, 1}) {
      if (!sides[which].is_metered()) continue;
      const auto use = measure_answer(session, which, *sides[which].meter);
      if (use) uses[which].push_back(*use);
      else sides[which].give_up(use.error());
    }
  }
  measure_idle(session, sides);
  for (int which : {0, 1}) {
    if (!sides[which].is_metered()) continue;
    if (const Status net = take_off_idle(sides[which], uses[which]); !net) sides[which].give_up(net.error());
  }
}

// One of the two rows.
struct EnergyRow {
  std::string_view id, label_key;
  std::vector<double> MeteredSide::*runs;
};
constexpr EnergyRow kEnergyRow = {"energy_per_token", "lab.row.energy", &MeteredSide::joules_per_token};
constexpr EnergyRow kWattsRow = {"mean_watts", "lab.endpoint.watts", &MeteredSide::watts};

// What the joules are of stands in the label.
struct ScopeLabels {
  std::string_view scope, energy, watts;
};
constexpr ScopeLabels kScopeLabels[] = {
    {"lab.energy.package", "lab.row.energy_package", "lab.endpoint.watts_package"},
    {"lab.energy.package_and_memory", "lab.row.energy_package_and_memory", "lab.endpoint.watts_package_and_memory"},
    {"lab.energy.platform", "lab.row.energy_platform", "lab.endpoint.watts_platform"},
    {"lab.energy.battery", "lab.row.energy_battery", "lab.endpoint.watts_battery"},
    {"lab.energy.gpu", "lab.row.energy_gpu", "lab.endpoint.watts_gpu"},
    {"lab.energy.gpu_sampled", "lab.row.energy_gpu", "lab.endpoint.watts_gpu"}};

Message label_of(const EnergyRow& one, const Message& scope) {
  for (const ScopeLabels& labels : kScopeLabels) {
    if (labels.scope == scope.key) return {one.id == kEnergyRow.id ? labels.energy : labels.watts, scope.args};
  }
  return msg(one.label_key);
}

// Joules of different devices stand side by side and are not compared.
ComparisonRow measured_row(const Sides& sides, const EnergyRow& one, uint64_t seed) {
  const TimedRuns runs{sides[0].*one.runs, sides[1].*one.runs};
  const Message scopes[2] = {sides[0].meter->scope(), sides[1].meter->scope()};
  if (scopes[0].key == scopes[1].key && scopes[0].args == scopes[1].args) {
    return runs_row(one.id, label_of(one, scopes[0]), runs, Direction::kLessIsBetter, seed);
  }
  ComparisonRow row = runs_row(one.id, msg(one.label_key), runs, Direction::kLessIsBetter, seed);
  ComparisonRow fact = fact_row(one.id, kSpeedTable, row.label, row.a, row.b);
  fact.records = std::move(row.records);
  fact.reason = msg("lab.energy.scopes_differ", render(scopes[0], Language::kEnglish), render(scopes[1], Language::kEnglish));
  return fact;
}

// One side alone is shown, and why the other is not.
ComparisonRow half_row(const Sides& sides, const EnergyRow& one) {
  const MeteredSide* metered = sides[0].is_metered() ? &sides[0] : sides[1].is_metered() ? &sides[1] : nullptr;
  const Message& why_not = sides[0].is_metered() ? sides[1].reason : sides[0].reason;
  ComparisonRow row = unmeasured_row(one.id, kSpeedTable, metered ? label_of(one, metered->meter->scope()) : msg(one.label_key), why_not);
  for (int which : {0, 1}) {
    if (!sides[which].is_metered()) continue;
    (which == 0 ? row.a : row.b).text = format_figure(median(sides[which].*one.runs));
  }
  return row;
}

}  // namespace

Status measure_energy(Session& session) {
  Sides sides;
  open_meters(session, sides);
  if (sides[0].is_metered() || sides[1].is_metered()) measure_runs(session, sides);
  SLM_TRY_STATUS(session.watch.check());
  const bool both = sides[0].is_metered() && sides[1].is_metered();
  const auto add = [&](const EnergyRow& one) {
    session.add(both ? measured_row(sides, one, session.setup.seed) : half_row(sides, one));
  };
  add(kEnergyRow);
  if (session.has_endpoint()) add(kWattsRow);
  return {};
}

}  // namespace slm::lab
