#include "lab/audit/model_shape.h"

#include <algorithm>
#include <array>

#include "base/limits.h"

namespace slm::lab::audit {
namespace {

enum class BlockType : uint8_t { kF32, kF16, kQ8_0, kQ6_K, kQ5_0, kQ4_K, kQ4_1, kQ4_0 };

// Elements of a block and its bytes.
struct Block {
  uint64_t elements, bytes;
};

constexpr Block block_of(BlockType type) {
  switch (type) {
    case BlockType::kF32: return {1, 4};
    case BlockType::kF16: return {1, 2};
    case BlockType::kQ8_0: return {32, 34};
    case BlockType::kQ6_K: return {256, 210};
    case BlockType::kQ5_0: return {32, 22};
    case BlockType::kQ4_K: return {256, 144};
    case BlockType::kQ4_1: return {32, 20};
    case BlockType::kQ4_0: return {32, 18};
  }
  return {1, 4};
}

// Rows that are no multiple of a type's block get another, as llama.cpp does: K-quants a type of blocks of 32, those F16.
BlockType fitting_type(BlockType type, uint64_t inner) {
  if (inner % block_of(type).elements == 0) return type;
  if (inner % 32 != 0) return BlockType::kF16;
  return type == BlockType::kQ6_K ? BlockType::kQ8_0 : BlockType::kQ5_0;
}

// A matrix whose rows are `inner` elements long.
uint64_t matrix_bytes(uint64_t inner, uint64_t rows, BlockType type) {
  const Block block = block_of(fitting_type(type, inner));
  return inner * rows / block.elements * block.bytes;
}

// The layers that Q4_K_M gives more bits: the first and last eighth, and every third between.
bool has_more_bits(uint64_t layer, uint64_t layers) {
  return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

BlockType base_type(Quantization quantization) {
  switch (quantization) {
    case Quantization::kF16: return BlockType::kF16;
    case Quantization::kQ8_0: return BlockType::kQ8_0;
    case Quantization::kQ4_0: return BlockType::kQ4_0;
    case Quantization::kQ4_1: return BlockType::kQ4_1;
    case Quantization::kQ4_K_M: return BlockType::kQ4_K;
  }
  return BlockType::kF16;
}

BlockType output_type(Quantization quantization) {
  const bool keeps_base = quantization == Quantization::kF16 || quantization == Quantization::kQ8_0;
  return keeps_base ? base_type(quantization) : BlockType::kQ6_K;
}

uint64_t layer_bytes(const ModelShape& shape, uint64_t layer, Quantization quantization) {
  const BlockType base = base_type(quantization);
  const bool more = quantization == Quantization::kQ4_K_M && has_more_bits(layer, shape.layers);
  const BlockType value_and_down = more ? BlockType::kQ6_K : base;
  const uint64_t queries = shape.heads * shape.head_dim, keys = shape.kv_heads * shape.head_dim;
  return matrix_bytes(shape.width, queries + keys + 2 * shape.ffn, base) +  // queries, keys, gate, up
         matrix_bytes(shape.width, keys, value_and_down) + matrix_bytes(queries, shape.width, base) +
         matrix_bytes(shape.ffn, shape.width, value_and_down);
}

struct NamedQuantization {
  std::string_view name;
  Quantization value;
};
constexpr std::array kQuantizations = {NamedQuantization{"F16", Quantization::kF16}, NamedQuantization{"Q8_0", Quantization::kQ8_0},
                                       NamedQuantization{"Q4_0", Quantization::kQ4_0}, NamedQuantization{"Q4_1", Quantization::kQ4_1},
                                       NamedQuantization{"Q4_K_M", Quantization::kQ4_K_M}};

Status read_dimension(const YamlNode& node, std::string_view key, uint64_t most, uint64_t& dimension) {
  SLM_TRY(value, node.need_integer(key, 1, static_cast<int64_t>(most)));
  dimension = static_cast<uint64_t>(value);
  return {};
}

}  // namespace

uint64_t ModelShape::matrix_parameters() const {
  const uint64_t queries = heads * head_dim, keys = kv_heads * head_dim;
  return layers * (2 * width * queries + 2 * width * keys + 3 * width * ffn);
}

uint64_t ModelShape::kv_bytes(uint64_t tokens, uint64_t beside) const {
  const uint64_t of_position = 2 * 2 * kv_heads * head_dim;
  const uint64_t full = window > 0 ? layers / full_every : layers;
  return of_position * (full * tokens + (layers - full) * std::min(tokens, window + beside));
}

Result<ModelShape> read_shape(const YamlNode& node) {
  SLM_TRY_STATUS(node.refuse_unknown_keys({"layers", "width", "heads", "kv_heads", "head_dim", "ffn", "vocabulary", "context", "tied",
                                           "qkv_bias", "norms", "qk_norm", "header_bytes", "window", "full_every"}));
  ModelShape shape;
  SLM_TRY_STATUS(read_dimension(node, "layers", limits::kMaxLayers, shape.layers));
  SLM_TRY_STATUS(read_dimension(node, "width", limits::kMaxWidth, shape.width));
  SLM_TRY_STATUS(read_dimension(node, "heads", limits::kMaxHeads, shape.heads));
  SLM_TRY_STATUS(read_dimension(node, "kv_heads", shape.heads, shape.kv_heads));
  SLM_TRY_STATUS(read_dimension(node, "head_dim", limits::kMaxHeadDim, shape.head_dim));
  SLM_TRY_STATUS(read_dimension(node, "ffn", limits::kMaxFfn, shape.ffn));
  SLM_TRY_STATUS(read_dimension(node, "vocabulary", limits::kMaxVocabulary, shape.vocabulary));
  SLM_TRY_STATUS(read_dimension(node, "context", limits::kMaxContext, shape.context));
  SLM_TRY(tied, node.bool_or("tied", true));
  SLM_TRY(header_bytes, node.integer_or("header_bytes", 0, 0, static_cast<int64_t>(limits::kGgufMaxMetadataBytes)));
  SLM_TRY(window, node.integer_or("window", 0, 0, limits::kMaxContext));
  SLM_TRY(full_every, node.integer_or("full_every", 1, 1, limits::kMaxLayers));
  shape.window = static_cast<uint64_t>(window);
  shape.full_every = static_cast<uint64_t>(full_every);
  shape.tied = tied;
  shape.header_bytes = static_cast<uint64_t>(header_bytes);

  SLM_TRY(qkv_bias, node.bool_or("qkv_bias", false));
  SLM_TRY(norms, node.integer_or("norms", 2, 0, 16));   // RMS norms of `width` in a layer
  SLM_TRY(qk_norm, node.bool_or("qk_norm", false));     // and of `head_dim`, on queries and keys
  uint64_t of_layer = static_cast<uint64_t>(norms) * shape.width;
  if (qkv_bias) of_layer += (shape.heads + 2 * shape.kv_heads) * shape.head_dim;
  if (qk_norm) of_layer += 2 * shape.head_dim;
  shape.vector_parameters = shape.layers * of_layer + shape.width;
  return shape;
}

Result<ModelShape> shape_of(const ModelFacts& facts) {
  ModelShape shape{facts.n_layers, facts.width,      facts.n_heads, facts.n_kv_heads, facts.head_dim,
                   facts.ffn,      facts.vocabulary, facts.context};
  const uint64_t tied_parameters = shape.parameters();
  if (facts.parameters < tied_parameters) {
    return fail(ErrorKind::kCorrupt, "lab.audit.too_few_parameters", facts.path, facts.parameters, tied_parameters);
  }
  // Norms and biases are far fewer than a second matrix of the vocabulary.
  shape.tied = facts.parameters - tied_parameters < shape.embedding_parameters();
  shape.vector_parameters = facts.parameters - shape.parameters();
  uint64_t weights = 0;
  for (const ModelFacts::TypeCount& type : facts.types) weights += type.bytes;
  shape.header_bytes = facts.file_bytes - std::min(weights, facts.file_bytes);
  return shape;
}

std::string_view quantization_name(Quantization quantization) {
  for (const NamedQuantization& one : kQuantizations) {
    if (one.value == quantization) return one.name;
  }
  return {};
}

std::optional<Quantization> find_quantization(std::string_view name) {
  for (const NamedQuantization& one : kQuantizations) {
    if (one.name == name) return one.value;
  }
  return std::nullopt;
}

std::vector<std::string> quantization_names() {
  std::vector<std::string> names;
  for (const NamedQuantization& one : kQuantizations) names.emplace_back(one.name);
  return names;
}

uint64_t weight_bytes(const ModelShape& shape, Quantization quantization) {
  uint64_t bytes = 4 * shape.vector_parameters;  // these stay F32
  for (uint64_t layer = 0; layer < shape.layers; ++layer) bytes += layer_bytes(shape, layer, quantization);
  bytes += matrix_bytes(shape.width, shape.vocabulary, output_type(quantization));
  if (!shape.tied) bytes += matrix_bytes(shape.width, shape.vocabulary, base_type(quantization));
  return bytes;
}

uint64_t bytes_per_token(const ModelShape& shape, Quantization quantization) {
  const uint64_t all = weight_bytes(shape, quantization);
  return shape.tied ? all : all - matrix_bytes(shape.width, shape.vocabulary, base_type(quantization));
}

}  // namespace slm::lab::audit
