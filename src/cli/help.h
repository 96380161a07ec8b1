// The help of the program and of one command, in the user's language.
#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace slm::cli {

std::string program_help();
// `path`: how the command is called, "slm eval perplexity".
std::string command_help(const CLI::App& app, const std::string& path, std::string_view summary);

}  // namespace slm::cli
