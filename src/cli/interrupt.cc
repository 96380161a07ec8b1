#include <csignal>
#include <unistd.h>

#include "cli/command.h"

namespace slm::cli {
namespace {

void on_interrupt(int) {
  if (interrupted().exchange(true)) _exit(128 + SIGINT);
}

}  // namespace

std::atomic<bool>& interrupted() {
  static std::atomic<bool> flag{false};
  static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");
  return flag;
}

void install_interrupt_handler() {
  interrupted();  // its guard is taken here, not in the handler
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0;  // reads return: a prompt is left
  sigaction(SIGINT, &action, nullptr);
}

}  // namespace slm::cli
