// Evaluation sets that slm can fetch: data/datasets.json, embedded in the binary. docs/formats/datasets.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm::hub {

struct DataFile {
  std::string file;                    // below a data directory: "gsm8k/test.jsonl"
  std::vector<std::string> addresses;  // of these bytes, in the order to ask them
  uint64_t bytes = 0;
  std::string sha256;
};

struct DataSet {
  std::string name;                    // "gsm8k": the folder too
  std::string title;
  std::string license;                 // SPDX or short name
  std::string limit;                   // "non-commercial"; "" none
  std::string source;                  // "openai/grade-school-math @3101c7d..."
  std::vector<DataFile> files;         // at least one, all below the folder

  uint64_t bytes() const;
};

inline constexpr std::string_view kDataPrefix = "data:";

const std::vector<DataSet>& data_sets();
// By name, with or without "data:"; null: none.
const DataSet* find_data_set(std::string_view name);
// The digest of a file of any of them; "" for others.
std::string_view pinned_digest(std::string_view file);

// The same from JSON text. Errors: kCorrupt naming set and field: missing, of the wrong type, a file outside its folder or without a digest.
Result<std::vector<DataSet>> parse_data_sets(std::string_view json);

}  // namespace slm::hub
