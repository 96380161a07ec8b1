#include "cli/sampling_flags.h"

#include <type_traits>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

#include "base/json.h"
#include "base/message.h"

namespace slm::cli {

GenerateOptions default_generate_options() {
  GenerateOptions options;
  options.max_tokens = 512;
  options.sampling.temperature = 0.7f;
  options.sampling.top_k = 40;
  options.sampling.top_p = 0.95f;
  return options;
}

void add_sampling_flags(CLI::App& app, GenerateOptions& options) {
  SamplingParams& sampling = options.sampling;
  app.add_option("--max-tokens", options.max_tokens, tr("cli.flag.max_tokens", options.max_tokens))->type_name("N");
  app.add_option("--temperature", sampling.temperature, tr("cli.flag.temperature", sampling.temperature))->type_name("X");
  app.add_option("--top-k", sampling.top_k, tr("cli.flag.top_k", sampling.top_k))->type_name("K");
  app.add_option("--top-p", sampling.top_p, tr("cli.flag.top_p", sampling.top_p))->type_name("P");
  app.add_option("--min-p", sampling.min_p, tr("cli.flag.min_p"))->type_name("P");
  app.add_option("--typical-p", sampling.typical_p, tr("cli.flag.typical_p"))->type_name("P");
  app.add_option("--repetition-penalty", sampling.repetition_penalty, tr("cli.flag.repetition_penalty"))->type_name("X");
  app.add_option("--presence-penalty", sampling.presence_penalty, tr("cli.flag.presence_penalty"))->type_name("X");
  app.add_option("--frequency-penalty", sampling.frequency_penalty, tr("cli.flag.frequency_penalty"))->type_name("X");
  app.add_option("--penalty-last-n", sampling.penalty_last_n, tr("cli.flag.penalty_last_n", sampling.penalty_last_n))
      ->type_name("N");
  app.add_option("--seed", sampling.seed, tr("cli.flag.seed", sampling.seed))->type_name("N");
  // One value each time, so that a PROMPT may follow it.
  app.add_option("--stop", options.stop, tr("cli.flag.stop"))->type_name("TEXT")->expected(1)->take_all()->allow_extra_args(false);
}

GivenFlags given_sampling_flags(const CLI::App& app) {
  GivenFlags given;
  for (const char* flag : {"--temperature", "--top-k", "--top-p", "--repetition-penalty", "--stop"}) {
    if (app.get_option(flag)->count() > 0) given.insert(flag);
  }
  return given;
}

void apply_recommended(const hub::CatalogueEntry& entry, const GivenFlags& given, bool talks, GenerateOptions& options) {
  SamplingParams& sampling = options.sampling;
  const auto apply = [&](const char* flag, const auto& recommended, auto& value) {
    if (recommended && !given.contains(flag)) value = static_cast<std::decay_t<decltype(value)>>(*recommended);
  };
  apply("--temperature", entry.sampling.temperature, sampling.temperature);
  apply("--top-k", entry.sampling.top_k, sampling.top_k);
  apply("--top-p", entry.sampling.top_p, sampling.top_p);
  apply("--repetition-penalty", entry.sampling.repeat_penalty, sampling.repetition_penalty);
  if (talks && !given.contains("--stop")) options.stop = entry.stop;
}

std::string recommended_text(const hub::DefaultSampling& sampling) {
  std::vector<std::string> pieces;
  const auto add = [&](const char* name, const auto& value) {
    if (value) pieces.push_back(fmt::format("{} {}", name, *value));
  };
  add("temperature", sampling.temperature);
  add("top-k", sampling.top_k);
  add("top-p", sampling.top_p);
  add("repetition-penalty", sampling.repeat_penalty);
  return fmt::format("{}", fmt::join(pieces, ", "));
}

nlohmann::ordered_json sampling_json(const hub::DefaultSampling& sampling) {
  Json json = Json::object();
  if (sampling.temperature) json["temperature"] = *sampling.temperature;
  if (sampling.top_k) json["top_k"] = *sampling.top_k;
  if (sampling.top_p) json["top_p"] = *sampling.top_p;
  if (sampling.repeat_penalty) json["repeat_penalty"] = *sampling.repeat_penalty;
  return json;
}

}  // namespace slm::cli
