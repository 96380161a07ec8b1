#include <cerrno>
#include <cstdio>
#include <string>

#include "base/json.h"
#include "cli/command.h"

namespace slm::cli {

namespace {

int g_output_error = 0;  // errno of the first write that failed

}  // namespace

bool write_out(std::string_view text) {
  if (g_output_error != 0) return false;
  errno = 0;
  // An empty view may point nowhere, which fwrite does not take.
  const bool written = text.empty() || std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (std::fflush(stdout) == 0 && written) return true;
  g_output_error = errno != 0 ? errno : EIO;
  return false;
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
