// What slm knows of models by name: data/catalogue.json, embedded in the binary, and SLM_HOME/catalogue.json, the user's own.
// docs/formats/catalogue.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/message.h"
#include "base/result.h"
#include "hub/wheel_part.h"

namespace slm::hub {

struct CatalogueSource {
  std::string name;              // as `slm pull` takes it: "hf:owner/repo:Q4_K_M"
  bool gated = false;            // wants agreement and a token at the source
};

// What the model's makers recommend; nothing where they do not say.
struct DefaultSampling {
  std::optional<double> temperature, top_p, repeat_penalty;
  std::optional<uint64_t> top_k;
};

struct CatalogueEntry {
  std::string name;              // "smollm2:135m"
  std::vector<std::string> aliases;
  std::string architecture;
  bool instruct = false;
  std::string license;           // SPDX or short name
  std::string license_terms;     // one line
  std::string license_terms_zh;  // the same in Chinese; "" not translated
  std::string license_key;       // "gemma" where consent is asked for once; else ""
  std::string license_url;       // of the terms consent is asked for
  WheelPart license_text;        // where the full text lies; may be empty
  std::vector<std::string> languages;  // "en", "zh" ...; empty: many or unknown
  uint64_t parameters = 0;
  uint32_t context = 0;
  std::string chat_template;     // built-in template for files that lack one; else ""
  std::string quantization;      // of the file this name means: "Q4_K_M"; "" unknown
  std::vector<std::string> quantizations;   // there are, each a name of its own: NAME-q8_0
  std::vector<CatalogueSource> sources;     // equals; ungated ones first, `parts` before the others
  DefaultSampling sampling;
  std::vector<std::string> stop;  // texts that end a turn
  bool verified = false;         // a test of ours has fetched it from where it says
  std::vector<WheelPart> parts;  // of its source of wheels, in order; joined they are the file; empty: not in wheels
  uint64_t bytes = 0;            // of the file that they are; 0: its source says
  std::string sha256;            // the same

  const std::string& terms_in(Language language) const {
    return language == Language::kChinese && !license_terms_zh.empty() ? license_terms_zh : license_terms;
  }
  bool can_pull() const { return !sources.empty(); }
};

// The user's entries, then the program's own; one of the user's hides ours of the same name. Without the further quantisations.
const std::vector<CatalogueEntry>& catalogue();
// What is wrong with the user's file, which is then left out as a whole. Errors: kCorrupt as parse_catalogue, its path in the place.
const Status& user_catalogue_status();

// The same from JSON text; `origin` stands in front of each place. Errors: kCorrupt naming the entry and the field: missing, of the wrong type,
// unknown, a name twice.
Result<std::vector<CatalogueEntry>> parse_catalogue(std::string_view json, std::string_view origin = "catalogue");
// The entry of the same model in another of its quantisations.
CatalogueEntry in_quantization(const CatalogueEntry& entry, const std::string& quantization);

// By name, case-insensitively, also with the aliases of Ollama's spelling ("smollm2:135m-instruct", "qwen2.5:0.5b-instruct-q8_0").
const CatalogueEntry* find_entry(std::string_view name);
std::vector<std::string> catalogue_names();
// Those whose name, alias, architecture, licence or language holds every word of the query, in any case.
std::vector<const CatalogueEntry*> search_catalogue(std::string_view query);

}  // namespace slm::hub
