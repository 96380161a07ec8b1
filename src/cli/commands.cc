#include "cli/command.h"
#include "cli/version.h"

namespace slm::cli {

const std::vector<Command>& commands() {
  static const std::vector<Command> table = {
      {"version", "cli.version.summary", setup_version},
  };
  return table;
}

}  // namespace slm::cli
