// How far a pull, an import or a verification is, on stderr.
#pragma once

#include <chrono>
#include <string>

#include "hub/store.h"

namespace slm::cli {

// One line that is rewritten on a terminal; elsewhere a plain line at the start and the end of each stage and every five
// seconds. The line is ended with the object.
class HubProgress {
 public:
  HubProgress();
  ~HubProgress();
  HubProgress(const HubProgress&) = delete;
  HubProgress& operator=(const HubProgress&) = delete;

  void show(const hub::Progress& progress);
  // A line of its own.
  void say(const std::string& text);
  hub::OnProgress callback() {
    return [this](const hub::Progress& progress) { show(progress); };
  }

 private:
  using Clock = std::chrono::steady_clock;
  const bool terminal_;
  bool line_open_ = false;
  std::string stage_, detail_, line_;
  uint64_t stage_start_bytes_ = 0;
  Clock::time_point stage_start_, last_shown_;
};

// The text of one state, at most `columns` wide. `per_second`: 0 for unknown.
std::string progress_line(const hub::Progress& progress, double per_second, size_t columns, bool with_bar);

}  // namespace slm::cli
