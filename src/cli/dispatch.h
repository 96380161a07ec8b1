// argv -> command -> exit code.
#pragma once

#include <string>
#include <vector>

namespace slm::cli {

// The whole program: sets the language, parses, runs, prints what went wrong; returns the exit code.
int dispatch(const std::vector<std::string>& argv);

}  // namespace slm::cli
