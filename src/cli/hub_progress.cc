#include "cli/hub_progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "base/message.h"
#include "base/text.h"
#include "cli/status_line.h"

namespace slm::cli {
namespace {

constexpr double kTerminalPause = 0.1, kPlainPause = 5;  // seconds between lines
constexpr size_t kBarColumns = 20, kPlainColumns = 79;

std::string stage_text(std::string_view stage) {
  if (stage == "wait") return tr("hub.stage.wait");
  if (stage == "download") return tr("hub.stage.download");
  if (stage == "unpack") return tr("hub.stage.unpack");
  if (stage == "hash") return tr("hub.stage.hash");
  if (stage == "copy") return tr("hub.stage.copy");
  return tr("hub.stage.publish");
}

}  // namespace

std::string progress_line(const hub::Progress& progress, double per_second, size_t columns, bool with_bar) {
  const std::string stage = stage_text(progress.stage);
  std::string bar, percent, amount, rate, left_over;
  if (progress.total > 0) {
    const double share = std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
    const auto filled = static_cast<size_t>(share * static_cast<double>(kBarColumns));
    if (with_bar) bar = "  [" + std::string(filled, '#') + std::string(kBarColumns - filled, '.') + "]";
    percent = " " + pad_left(std::to_string(static_cast<int>(share * 100)) + "%", 4);
    amount = "  " + format_bytes(progress.done) + " / " + format_bytes(progress.total);
    if (per_second > 0 && progress.done < progress.total) {
      rate = "  " + format_bytes(static_cast<uint64_t>(per_second)) + "/s";
      const std::string left = time_left_text(static_cast<double>(progress.total - progress.done) / per_second);
      if (!left.empty()) left_over = "  " + left;
    }
  }
  // What a narrow terminal does without, the least needed first.
  const size_t least = display_width(stage);
  for (std::string* piece : {&bar, &rate, &left_over, &amount, &percent}) {
    if (least + display_width(bar + percent + amount + rate + left_over) > columns) piece->clear();
  }
  const std::string right = bar + percent + amount + rate + left_over;
  const size_t room = columns - std::min(columns, display_width(right));
  std::string left = stage + (progress.detail.empty() ? "" : "  " + progress.detail);
  if (display_width(left) > room) left = pad_right(left, room);
  return left + right;
}

HubProgress::HubProgress() : terminal_(isatty(STDERR_FILENO) != 0) {}

HubProgress::~HubProgress() {
  if (line_open_) std::fputs("\n", stderr);
}

void HubProgress::say(const std::string& text) {
  std::fprintf(stderr, "%s%s\n", line_open_ ? "\n" : "", text.c_str());
  std::fflush(stderr);
  line_open_ = false;
  stage_.clear();  // the next line is a new one, with a new rate
}

void HubProgress::show(const hub::Progress& progress) {
  if (progress.stage == "note") return say(progress.detail);
  const Clock::time_point now = Clock::now();
  const bool is_new = progress.stage != stage_, is_end = progress.total > 0 && progress.done >= progress.total;
  if (is_new) {
    if (line_open_) std::fputs("\n", stderr);
    line_open_ = false;
    stage_ = progress.stage;
    stage_start_ = now;
    stage_start_bytes_ = progress.done;
  }
  const bool is_new_part = progress.detail != detail_;
  detail_ = progress.detail;
  const double waited = std::chrono::duration<double>(now - last_shown_).count();
  if (!is_new && !is_end && !is_new_part && waited < (terminal_ ? kTerminalPause : kPlainPause)) return;
  last_shown_ = now;
  const double spent = std::chrono::duration<double>(now - stage_start_).count();
  const double rate = spent > 0.5 ? static_cast<double>(progress.done - std::min(progress.done, stage_start_bytes_)) / spent : 0;
  const size_t columns = terminal_ ? status_columns() : kPlainColumns;
  const std::string line = progress_line(progress, rate, columns, terminal_);
  if (line == line_ && !is_new) return;
  line_ = line;
  if (terminal_) {
    std::fprintf(stderr, "\r%s", pad_right(line, columns).c_str());
    line_open_ = true;
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  std::fflush(stderr);
}

}  // namespace slm::cli
