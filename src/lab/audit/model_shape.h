// A model as its dimensions, and what follows from them: parameters, bytes of its weights by quantisation, bytes a token costs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "runtime/runtime.h"

namespace slm::lab::audit {

struct ModelShape {
  uint64_t layers = 0, width = 0, heads = 0, kv_heads = 0, head_dim = 0, ffn = 0, vocabulary = 0, context = 0;
  bool tied = true;                // the output matrix is the embedding
  uint64_t vector_parameters = 0;  // norms and biases of the whole model
  uint64_t header_bytes = 0;       // of a GGUF beside its weights: metadata and tokenizer

  uint64_t embedding_parameters() const { return vocabulary * width; }
  uint64_t matrix_parameters() const;  // of all layers
  uint64_t parameters() const { return matrix_parameters() + vector_parameters + (tied ? 1 : 2) * embedding_parameters(); }
  uint64_t window = 0;             // positions that a windowed layer sees; 0: no such layers
  uint64_t full_every = 1;         // of so many layers the last sees all positions; the others are windowed

  // Keys and values of `tokens` positions, in F16. Windowed layers keep their window and `beside` positions: what a batch adds.
  uint64_t kv_bytes(uint64_t tokens, uint64_t beside = 0) const;
};

// Errors: kCorrupt with the place: a key missing or unknown, a dimension that no model can have (base/limits.h).
Result<ModelShape> read_shape(const YamlNode& node);
// From a file's header. Error: kCorrupt where it names fewer parameters than its dimensions need.
Result<ModelShape> shape_of(const ModelFacts& facts);

// What llama.cpp's quantize makes of a name: which type each tensor gets. See docs/formats/claims.md.
enum class Quantization : uint8_t { kF16, kQ8_0, kQ4_0, kQ4_1, kQ4_K_M };
std::string_view quantization_name(Quantization quantization);       // "Q4_K_M"
std::optional<Quantization> find_quantization(std::string_view name);
std::vector<std::string> quantization_names();

// Bytes of the weights, without the header.
uint64_t weight_bytes(const ModelShape& shape, Quantization quantization);
// Bytes of weights read for one token: all but the embedding's rows where the output matrix is another.
uint64_t bytes_per_token(const ModelShape& shape, Quantization quantization);

}  // namespace slm::lab::audit
