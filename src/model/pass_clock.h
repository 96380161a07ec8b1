// Where the threads of a pass spend their time, by phase, for who asks. Reads the clock once a phase and thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "model/pass_phase.h"

namespace slm {

class PassClock {
 public:
  using Clock = std::chrono::steady_clock;

  // One thread's part. Only that thread calls it while the team runs.
  class alignas(64) Thread {
   public:
    // The time since the last call was this phase's.
    void lap(PassPhase phase, TensorType type) {
      const Clock::time_point now = Clock::now();
      spent_.at(phase, type) += now - last_;
      last_ = now;
    }

   private:
    friend class PassClock;
    Clock::time_point last_;
    PassTable<Clock::duration> spent_;
  };

  explicit PassClock(int threads) : threads_(static_cast<size_t>(threads)) {}

  Thread& thread(int number) { return threads_[static_cast<size_t>(number)]; }

  // By the caller of the team, around each run: a thread that has not begun yet or is done before the others waits.
  void begin();
  void end();

  // Of all runs since the start or reset(): the mean of the threads. Phases sum up to the time between begin() and end().
  double seconds(PassPhase phase, TensorType type) const;
  void reset();

 private:
  std::vector<Thread> threads_;
};

}  // namespace slm
