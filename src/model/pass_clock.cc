#include "model/pass_clock.h"

namespace slm {

void PassClock::begin() {
  const Clock::time_point now = Clock::now();
  for (Thread& thread : threads_) thread.last_ = now;
}

void PassClock::end() {
  for (Thread& thread : threads_) thread.lap(PassPhase::kWaiting, TensorType::kF32);
}

double PassClock::seconds(PassPhase phase, TensorType type) const {
  Clock::duration sum{};
  for (const Thread& thread : threads_) sum += thread.spent_.at(phase, type);
  return std::chrono::duration<double>(sum).count() / static_cast<double>(threads_.size());
}

void PassClock::reset() {
  for (Thread& thread : threads_) thread.spent_ = {};
}

}  // namespace slm
