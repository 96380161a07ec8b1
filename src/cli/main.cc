#include <clocale>
#include <csignal>
#include <string>
#include <vector>

#include "cli/dispatch.h"

int main(int argc, char** argv) {
  // Text is UTF-8 whatever LANG says: wide characters must be edited right where no locale is set.
  if (std::setlocale(LC_ALL, "C.UTF-8") == nullptr) std::setlocale(LC_ALL, "");
  // A reader that goes away shows as a failed write, which ends the work in order.
  std::signal(SIGPIPE, SIG_IGN);
  return slm::cli::dispatch(std::vector<std::string>(argv, argv + argc));
}
