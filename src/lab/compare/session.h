// The state of one comparison while it is measured: two models and the rows so far. Each part of a comparison is a function of it.
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "lab/compare.h"
#include "lab/compare/measured_model.h"

namespace slm::lab {

struct Session {
  const ComparedSubject* subjects[2] = {};
  const ComparisonSetup& setup;
  const Watch& watch;
  std::unique_ptr<MeasuredModel> models[2] = {};  // open from the speed part on
  Comparison comparison = {};
  // Tokens a second, as just measured; of an endpoint that could not be timed, a guess to plan by.
  double prefill_rate[2] = {200, 200}, decode_rate[2] = {20, 20};

  bool is_endpoint(int which) const { return subjects[which]->endpoint != nullptr; }
  bool has_endpoint() const { return is_endpoint(0) || is_endpoint(1); }
  const std::string& name(int which) const { return subjects[which]->model.name; }
  // What both are opened at, or their own where it is shorter.
  uint32_t context(int which, uint32_t wanted) const {
    const uint32_t own = subjects[which]->model.context;
    return own == 0 ? wanted : std::min(wanted, own);  // 0: an endpoint that does not tell
  }
  // As the models are opened for speed and tasks.
  OpenOptions options(int which) const {
    OpenOptions options = subjects[which]->options;
    const uint32_t prompts = setup.prompts ? own_prompts_context(*setup.prompts) : 0;
    options.context = context(which, std::max(setup.tier->context, prompts));
    options.sequences = 1;
    return options;
  }
  void add(ComparisonRow row) { comparison.rows.push_back(std::move(row)); }
};

// Facts, sizes, memory and the devices it is enough for. Before the models are opened: what they hold would be counted.
Status measure_deployment(Session& session);
// Prefill, decode and waiting for the first token, A B A B ...
Status measure_speed(Session& session);
// Each model without pause for the setup's sustained_seconds, with a rest before each: what heat takes, and whether memory grows.
Status measure_sustained(Session& session);
// Joules a token of decode, net of the idle machine; where nothing here counts joules, a row with the reason.
Status measure_energy(Session& session);
// The tier's tasks, the same items for both, as far as the budget goes.
Status measure_tasks(Session& session);

}  // namespace slm::lab
