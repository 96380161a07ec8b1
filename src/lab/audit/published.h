// What others published: scores with their setting, and facts as makers state them. data/scores/published.yaml, embedded in the
// program. docs/formats/claims.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "lab/audit/bilingual.h"

namespace slm::lab::audit {

struct Benchmark {
  std::string id, name;
  uint64_t items = 0;
};

struct PublishedScore {
  std::string model;      // slm's name; a base model's ends in -base
  std::string benchmark;  // a Benchmark's id
  double percent = 0;
  bool is_instruct = false;
  std::string setting, source;
};

struct Fact {
  std::string id;
  Bilingual says;                                          // what the value is of
  std::variant<double, std::vector<std::string>> value;   // a number, or words
  bool is_whole = false;                                   // the words are all there are
  std::string source;
};

struct Published {
  std::vector<Benchmark> benchmarks;
  std::vector<PublishedScore> scores;
  std::vector<Fact> facts;

  // Those of any of the models' names.
  std::vector<const PublishedScore*> scores_of(const std::vector<std::string>& models, std::string_view benchmark) const;
};

const Published& built_in_published();
// What the file adds to `base`. Errors: kCorrupt with the place: a score outside 0..100, an id that stands twice; kNotFound: a benchmark
// that nobody declared.
Result<Published> read_published(const YamlNode& root, Published base = {});

}  // namespace slm::lab::audit
