#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "base/json.h"
#include "cli/command.h"

namespace slm::cli {

namespace {

int g_output_error = 0;  // errno of the first write that failed

}  // namespace

// Without stdio: Ctrl-C interrupts a write to a slow terminal, and stdio then drops what it holds.
bool write_out(std::string_view text) {
  if (g_output_error != 0) return false;
  errno = 0;
  if (std::fflush(stdout) != 0 && errno != EINTR) g_output_error = errno != 0 ? errno : EIO;
  while (g_output_error == 0 && !text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      g_output_error = errno;
    }
  }
  return g_output_error == 0;
}

int output_error() {
  write_out({});
  return g_output_error;
}

void print_json(const Json& json) { write_out(to_text(json) + "\n"); }

void note(const Message& message) {
  std::fflush(stdout);
  std::fputs(("slm: " + render(message, language()) + "\n").c_str(), stderr);
}

}  // namespace slm::cli
