// One sub-command: a file pair and a row in commands.cc.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/message.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace slm::cli {

// What every command is given.
struct Context {
  bool json = false;               // --json: facts as JSON on stdout
  std::vector<std::string> argv;   // as the program was started, argv[0] first
};

// A command adds its flags to `app` and returns what runs it once they are parsed. Values live in the closure (hold them
// in a std::shared_ptr: CLI11 writes through references). Descriptions are texts for people: app.add_flag("--raw", v, tr("cli.run.raw")).
// --json, --lang and --help are added by the caller; a command with sub-commands of its own adds them to `app` and asks
// which one was parsed. A returned error is printed (stderr, or {"error": ...} with --json) and its kind is the exit code.
using Run = std::function<Status(const Context& context)>;
struct Command {
  std::string_view name;
  std::string_view summary_key;    // message key of the one-line summary
  Run (*setup)(CLI::App& app);
};
const std::vector<Command>& commands();

// JSON facts on stdout, one document and a newline.
void print_json(const nlohmann::ordered_json& json);
// A hint or a warning for people, on stderr, in their language.
void note(const Message& message);
// Text on stdout as it is, flushed. False once stdout is closed or full (main then ends the program with the right code).
bool write_out(std::string_view text);

// The errno of the first write to stdout that failed (EPIPE: its reader has gone); 0: all was written.
int output_error();

// Ctrl-C: counts interrupts; the first asks a running generation to stop (see interrupted()), and at a prompt leaves it.
// A second one while the first is not yet taken back ends the program at once.
void install_interrupt_handler();
std::atomic<bool>& interrupted();

}  // namespace slm::cli
