// Joules from power read now and then.
#pragma once

namespace slm::lab {

class PowerIntegral {
 public:
  PowerIntegral(double watts, double now) : watts_(watts), time_(now) {}

  // The joules so far, with `watts` at `now`; between two readings power is taken to change evenly.
  double add(double watts, double now) {
    joules_ += (watts_ + watts) / 2 * (now - time_);
    watts_ = watts;
    time_ = now;
    return joules_;
  }

 private:
  double watts_, time_, joules_ = 0;
};

}  // namespace slm::lab
