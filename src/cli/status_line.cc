#include "cli/status_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdint>

#include <fmt/format.h>

#include "base/message.h"

namespace slm::cli {
namespace {

constexpr size_t kUsualStatusColumns = 79, kFewestStatusColumns = 20;
constexpr double kMostTimeLeft = 360'000;

}  // namespace

size_t status_columns() {
  struct winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > kFewestStatusColumns ? size.ws_col - 1u : kUsualStatusColumns;
}

std::string time_left_text(double seconds) {
  if (!(seconds >= 0 && seconds + 0.5 < kMostTimeLeft)) return {};
  const auto whole = static_cast<uint64_t>(seconds + 0.5);
  const uint64_t hours = whole / 3600, minutes = whole / 60 % 60;
  return tr("cli.time_left", hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60) : fmt::format("{}:{:02}", minutes, whole % 60));
}

}  // namespace slm::cli
