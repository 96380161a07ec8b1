// Flags of how an answer is chosen and where it ends.
#pragma once

#include "runtime/runtime.h"

namespace CLI {
class App;
}

namespace slm::cli {

// The defaults of commands that talk (docs/sampling.md); the library's own are greedy.
GenerateOptions default_generate_options();

// --max-tokens, --temperature, --top-k, --top-p, --min-p, --typical-p, penalties, --seed, --stop. `options` holds the
// defaults and outlives the parsing.
void add_sampling_flags(CLI::App& app, GenerateOptions& options);

}  // namespace slm::cli
