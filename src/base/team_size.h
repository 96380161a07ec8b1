// How many threads of a pool the next job gets, from what the last jobs lost by waiting.
//
// A job's threads meet at barriers. When another program takes one thread's core for some milliseconds, all of them wait for it, at
// nearly every barrier: then fewer threads, each with a core of its own, are done sooner. Work is dealt out evenly, so a team of n that
// loses the share L of its time has (1 - L) n units of work to do; n - 1 threads that lose nothing take (1 - L) n / (n - 1) of that time,
// which is less where L > 1 / n.
#pragma once

#include <chrono>

namespace slm {

class TeamSize {
 public:
  using Clock = std::chrono::steady_clock;

  // REQUIRES: most >= 1.
  explicit TeamSize(int most) : most_(most), size_(most) {}

  int size() const { return size_; }

  // A job of size() threads ran from `start` to `end`, and they waited for each other for `waited`, summed over the threads. What waits
  // are natural (a thread with a little more to do) should not be counted. Changes size() by one at most.
  void ran(Clock::time_point start, Clock::time_point end, Clock::duration waited);

 private:
  bool loses() const { return waited_ * size_ > ran_ * (size_ - 1); }  // L > 1 / n: who is late waits for nobody, the others wait L
  void shrink(Clock::time_point now);
  void grow();

  int most_;
  int size_;
  Clock::duration ran_{}, waited_{};  // of this size, since it was last judged
  bool trying_ = false;  // one thread more than the last judged team
  Clock::time_point try_more_at_{};
  Clock::duration rest_ = kFirstRest;

  // How long a team runs before it is judged: several times the few milliseconds for which a busy core is taken away, and long enough that
  // a program that runs for a moment does not count as a busy core. What is tried after a shrinking need not be so sure.
  static constexpr std::chrono::milliseconds kJudged{100}, kTried{25};
  static constexpr std::chrono::milliseconds kFirstRest{100};
  static constexpr std::chrono::milliseconds kLongestRest{2000};  // trying costs kTried each time
};

}  // namespace slm
