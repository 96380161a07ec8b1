#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "base/text.h"
#include "cli/lab_commands.h"
#include "cli/stage_pace.h"
#include "cli/status_line.h"

namespace slm::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Line {
  std::string stage;
  Clock::time_point stage_start, last_shown;
  bool shown = false;  // a line stands on the terminal
  StagePace pace;
};
Line& line() {
  static Line one;
  return one;
}

double seconds_between(Clock::time_point from, Clock::time_point to) { return std::chrono::duration<double>(to - from).count(); }

std::string left_text(const lab::Progress& progress, double rate) {
  if (rate <= 0 || progress.done >= progress.total) return {};
  return time_left_text(static_cast<double>(progress.total - progress.done) / rate);
}

// "[3/9] PIQA, a  12/59  1.4/s  63.0 % [...]  0:40 left"
std::string progress_text(const lab::Progress& progress, double rate) {
  std::string text = render(progress.stage, language());
  if (progress.rows > 1) text = fmt::format("[{}/{}] {}", progress.row, progress.rows, text);
  if (progress.total > 0) text += fmt::format("  {}/{}", progress.done, progress.total);
  if (progress.rows > 0 && rate > 0) text += "  " + rate_text(rate);
  if (!progress.running.empty()) text += "  " + progress.running;
  if (const std::string left = left_text(progress, rate); !left.empty()) text += "  " + left;
  return text;
}

void show(const lab::Progress& progress) {
  Line& state = line();
  const Clock::time_point now = Clock::now();
  const std::string stage = render(progress.stage, language());
  state.pace.report(stage, progress.done, seconds_between({}, now));
  const bool is_new = stage != state.stage, is_last = progress.done >= progress.total;
  if (is_new) {
    state.stage = stage;
    state.stage_start = now;
  }
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const double pause = terminal ? 0.1 : 10;
  if (!is_last && !(is_new && terminal) && seconds_between(is_new ? state.stage_start : state.last_shown, now) < pause) {
    if (is_new) state.last_shown = now;
    return;
  }
  state.last_shown = now;
  const std::string text = progress_text(progress, state.pace.rate(stage));
  if (terminal) {
    std::fprintf(stderr, "\r%s", pad_right(text, status_columns()).c_str());
    state.shown = true;
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  std::fflush(stderr);
}

}  // namespace

lab::Watch watch_measurement() {
  install_interrupt_handler();
  return {show, &interrupted()};
}

void end_progress() {
  if (line().shown) std::fprintf(stderr, "\r%s\r", std::string(status_columns(), ' ').c_str());
  std::fflush(stderr);
  line() = {};
}

}  // namespace slm::cli
