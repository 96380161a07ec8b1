// One sub-command: a file pair and a row in commands.cc.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/result.h"

namespace slm::cli {

// What every command is given.
struct Context {
  bool json = false;               // --json: facts as JSON on stdout
  std::vector<std::string> argv;
};

// A command adds its flags to `app` and returns what runs it once they are parsed. Values live in the closure.
// A returned error is printed (stderr, or {"error": ...} with --json) and its kind is the exit code.
using Run = std::function<Status(const Context& context)>;
struct Command {
  std::string_view name;
  std::string_view summary_key;    // message key of the one-line summary
  Run (*setup)(CLI::App& app);
};
const std::vector<Command>& commands();

// JSON facts on stdout, one document and a newline.
void print_json(const Json& json);
// A hint or a warning for people, on stderr, in their language.
void note(const Message& message);

// Ctrl-C: counts interrupts; the first asks a running generation to stop (see interrupted()), and at a prompt leaves it.
void install_interrupt_handler();
std::atomic<bool>& interrupted();

}  // namespace slm::cli
