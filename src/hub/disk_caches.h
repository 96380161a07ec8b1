// Models that other programs keep on this disk: the caches of Ollama and of Hugging Face's tools. They are read where they lie and never written;
// what they say is read as input from outside. docs/formats/store.md, "Other programs' caches".
//   https://github.com/ollama/ollama/blob/main/docs/faq.mdx: $OLLAMA_MODELS, else ~/.ollama/models or /usr/share/ollama/.ollama/models;
//     manifests/HOST/NAMESPACE/NAME/TAG, blobs/sha256-HEX
//   https://huggingface.co/docs/huggingface_hub/guides/manage-cache: $HF_HUB_CACHE, else $HF_HOME/hub, else ~/.cache/huggingface/hub;
//     models--OWNER--REPO/refs/main, snapshots/COMMIT/FILE as a link to blobs/HEX, which is the SHA-256 of a large file
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm::hub {

struct CachedModel {
  std::string name;                 // as its source is asked for it: "ollama:qwen2.5:0.5b", "hf:owner/repo:model-q4_k_m.gguf"
  std::vector<std::string> paths;   // regular files inside the cache; several: the parts of a split model, in order
  uint64_t bytes = 0;               // of all of them
  std::string sha256;               // by the cache's own word, of the one file; "" where it has none
  std::string commit;               // of Hugging Face's
};

inline constexpr size_t kMostCachedModels = 4'096;

// Whether such a name could be one of a cache: "ollama:..." or "hf:...".
bool is_cache_name(std::string_view name);

// Every model of the caches whose files are all there, by name. What is damaged or hostile is left out.
std::vector<CachedModel> list_cached_models();

// "ollama:[HOST/][NAMESPACE/]NAME[:TAG]", "hf:owner/repo[:QUANT]". Errors: kUsage (not such a name; several files), kNotFound (not in a cache, a file
// of it missing), kCorrupt (a manifest that is none, a digest that is none, a path that leads out of the cache, another size).
Result<CachedModel> find_cached_model(const std::string& name);

// The file that a cache keeps under this digest: by its name, its bytes are not compared.
std::optional<std::string> find_cached_bytes(const std::string& sha256);

}  // namespace slm::hub
