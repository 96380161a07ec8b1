// Flags of how an answer is chosen and where it ends.
#pragma once

#include <set>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "hub/catalogue.h"
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

// Which of them the user gave.
using GivenFlags = std::set<std::string>;  // "--temperature"
GivenFlags given_sampling_flags(const CLI::App& app);

// What the catalogue recommends for the model, where the user did not say otherwise. Stop texts only where `talks`: they end turns.
void apply_recommended(const hub::CatalogueEntry& entry, const GivenFlags& given, bool talks, GenerateOptions& options);

// "temperature 0.7, top-p 0.8"; "" where nothing is recommended.
std::string recommended_text(const hub::DefaultSampling& sampling);
// {temperature, top_k, top_p, repeat_penalty}; those that are recommended.
nlohmann::ordered_json sampling_json(const hub::DefaultSampling& sampling);

}  // namespace slm::cli
