// Registries that hold models as images do: ollama:[HOST/][NAMESPACE/]NAME[:TAG]; without HOST the registry of data/sources.json, without
// NAMESPACE "library", without TAG "latest".
//   https://distribution.github.io/distribution/spec/api/: GET /v2/{name}/manifests/{tag}, /v2/{name}/blobs/{digest}
//   https://distribution.github.io/distribution/spec/auth/token/: a token for reading, asked for with the repository's name and no credentials
//   https://docs.docker.com/reference/cli/docker/model/package/: a model in several GGUF files is as many layers, in order
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

// The layers that are the model's file: one, or the parts of a split model in order. Errors: kCorrupt (no manifest, more than 256 layers, a digest that is
// none), kNotFound (no such layer: what there is), kFailed (an adapter besides, which would be left out).
struct ModelLayer {
  std::string sha256;
  uint64_t bytes = 0;
};
struct ModelLayers {
  std::vector<ModelLayer> files;   // not empty
  bool has_projector = false;      // for pictures, in a layer of its own
};
Result<ModelLayers> read_manifest(std::string_view text, const std::string& shown_name);

// Whether a token may be asked for where a registry says (`realm`). Only the repository's name is told there, so that any https address will do, as Docker
// Hub's does, and the registry's own; an address on this machine for a registry on it only.
bool may_ask_for_token(const std::string& realm, const std::string& registry);

}  // namespace slm::hub
