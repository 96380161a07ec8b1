#include <cstdio>
#include <string>

#include "base/json.h"
#include "cli/command.h"

namespace slm::cli {

bool write_out(std::string_view text) {
  if (std::ferror(stdout)) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return std::fflush(stdout) == 0 && written;
}

void print_json(const Json& json) { write_out(to_text(json) + "\n"); }

void note(const Message& message) {
  std::fflush(stdout);
  std::fputs(("slm: " + render(message, language()) + "\n").c_str(), stderr);
}

}  // namespace slm::cli
