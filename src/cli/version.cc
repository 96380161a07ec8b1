#include "cli/version.h"

#include "base/json.h"

namespace slm::cli {

Run setup_version(CLI::App&) {
  return [](const Context& context) -> Status {
    if (context.json) {
      print_json(Json{{"version", SLM_VERSION}, {"compiler", __VERSION__}});
    } else {
      write_out("slm " SLM_VERSION "\n");
    }
    return {};
  };
}

}  // namespace slm::cli
