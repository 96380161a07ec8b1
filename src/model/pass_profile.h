// Costs and times of passes, side by side.
#pragma once

#include "model/pass_clock.h"
#include "model/pass_cost.h"

namespace slm {

struct PassProfile {
  explicit PassProfile(int threads) : clock(threads) {}

  PassCosts costs;
  PassClock clock;
};

}  // namespace slm
