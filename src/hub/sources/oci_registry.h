// Registries that hold models as images do: ollama:[HOST/][NAMESPACE/]NAME[:TAG]; without HOST the registry of data/sources.json, without
// NAMESPACE "library", without TAG "latest".
//   https://distribution.github.io/distribution/spec/api/: GET /v2/{name}/manifests/{tag}, /v2/{name}/blobs/{digest}
//   https://distribution.github.io/distribution/spec/auth/token/: a token for reading, asked of the registry's own host only
#pragma once

#include "hub/sources/source.h"

namespace slm::hub {

class OciRegistry : public Source {
 public:
  bool takes(std::string_view name) const override { return name.starts_with("ollama:"); }
  Result<RemoteModel> find(const std::string& name, const Asking& asking) const override;
};

struct ImageName {
  std::string registry;    // "https://host"; http for this machine itself
  std::string repository;  // "library/qwen2.5"
  std::string tag;
};
// Errors: kUsage.
Result<ImageName> parse_image_name(std::string_view name);

// The layer that is the model's file. Errors: kCorrupt (no manifest, more than 256 layers, a digest that is none, no or several such layers).
struct ModelLayer {
  std::string sha256;
  uint64_t bytes = 0;
};
Result<ModelLayer> read_manifest(std::string_view text, const std::string& shown_name);

}  // namespace slm::hub
