// One model under load without pause.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "lab/compare/measured_model.h"
#include "lab/compare/sustained_rows.h"

namespace slm::lab {

struct SustainedSetup {
  SustainedPlan plan;
  double decode_rate = 1;         // tokens a second, as measured before: how long an answer has to be
  std::string root;               // of /sys and /proc: "" for the system's own
};

// Answers one after another until the plan's seconds are over. Ends early, with what is done, once cancelled (`watch`) or when an answer
// fails: SustainedRun::no_rate then says why, where there is no answer at all, else `stopped`.
struct SustainedEnd {
  SustainedRun run;
  std::optional<Error> stopped;   // before its time
};
SustainedEnd run_sustained(MeasuredModel& model, const SustainedSetup& setup, const Watch& watch, const Message& stage);

// Waits `seconds`; where the temperature is readable and `target` is given, until it is there too, but at most kMostRest. False: cancelled.
inline constexpr double kMostRest = 300;
bool rest(double seconds, std::optional<double> target_celsius, const std::string& root, const Watch& watch);

}  // namespace slm::lab
