#include "base/team_size.h"

#include <algorithm>

namespace slm {

void TeamSize::ran(Clock::time_point start, Clock::time_point end, Clock::duration waited) {
  ran_ += end - start;
  waited_ += waited;
  if (size_ < most_ && !trying_ && end >= try_more_at_) return grow();
  if (size_ == 1 || ran_ < (trying_ ? kTried : kJudged)) return;
  if (loses()) return shrink(end);
  ran_ = waited_ = {};
  if (!trying_) return;
  trying_ = false;
  rest_ = kFirstRest;
  if (size_ < most_) grow();
}

void TeamSize::shrink(Clock::time_point now) {
  --size_;
  trying_ = false;
  ran_ = waited_ = {};
  try_more_at_ = now + rest_;
  rest_ = std::min<Clock::duration>(2 * rest_, kLongestRest);
}

void TeamSize::grow() {
  ++size_;
  trying_ = true;
  ran_ = waited_ = {};
}

}  // namespace slm
