// How fast the stages of a measurement go, which may take turns: a few items of one, a few of the other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace slm::cli {

class StagePace {
 public:
  // `stage` has done so many items at `now`, in seconds of a clock that does not go back. The time since the report before, of whatever stage, was this one's.
  void report(const std::string& stage, uint64_t done, double now);
  // Items a second over all its turns; 0 where none is known yet.
  double rate(const std::string& stage) const;

 private:
  struct Stage {
    uint64_t last = 0;       // done at its last report
    double items = 0, seconds = 0;
  };
  std::map<std::string, Stage> stages_;
  std::optional<double> before_;
};

// "12/s", "1.4/s", "18/min": three figures are not known of what is still going on. "" for 0.
std::string rate_text(double items_a_second);

}  // namespace slm::cli
