// `slm licenses`: slm's own licence, those of the libraries in it, those of the models it can pull.
#pragma once

#include "cli/command.h"

namespace slm::cli {

extern const char* const kLicenseText;  // LICENSE, from the build

Run setup_licenses(CLI::App& app);

}  // namespace slm::cli
