#include "cli/stage_pace.h"

#include <fmt/format.h>

namespace slm::cli {

void StagePace::report(const std::string& stage, uint64_t done, double now) {
  Stage& one = stages_[stage];
  if (done < one.last) one = {};  // begun again
  if (before_) {
    one.items += static_cast<double>(done - one.last);
    one.seconds += now - *before_;
  }
  one.last = done;
  before_ = now;
}

double StagePace::rate(const std::string& stage) const {
  const auto found = stages_.find(stage);
  return found != stages_.end() && found->second.seconds > 0 ? found->second.items / found->second.seconds : 0;
}

std::string rate_text(double items_a_second) {
  if (!(items_a_second > 0)) return {};
  if (items_a_second >= 10) return fmt::format("{:.0f}/s", items_a_second);
  if (items_a_second >= 1) return fmt::format("{:.1f}/s", items_a_second);
  return fmt::format("{:.2g}/min", 60 * items_a_second);
}

}  // namespace slm::cli
