#include "make_model/make_model.h"

#include <cmath>

#include "base/limits.h"
#include "make_model/quantize.h"
#include "make_model/random_weights.h"
#include "make_model/vocabulary.h"

namespace slm {
namespace {

struct FileTypeInfo {
  FileType type;
  std::string_view name;
  TensorType matrices;
  uint32_t number;  // general.file_type
};
constexpr FileTypeInfo kFileTypes[] = {
    {FileType::kF32, "F32", TensorType::kF32, 0},     {FileType::kF16, "F16", TensorType::kF16, 1},
    {FileType::kBF16, "BF16", TensorType::kBF16, 32}, {FileType::kQ8_0, "Q8_0", TensorType::kQ8_0, 7},
    {FileType::kQ4_0, "Q4_0", TensorType::kQ4_0, 2},  {FileType::kQ4_1, "Q4_1", TensorType::kQ4_1, 3},
    {FileType::kQ5_0, "Q5_0", TensorType::kQ5_0, 8},  {FileType::kQ5_1, "Q5_1", TensorType::kQ5_1, 9},
    {FileType::kQ4_K, "Q4_K", TensorType::kQ4_K, 14}, {FileType::kQ5_K, "Q5_K", TensorType::kQ5_K, 16},
    {FileType::kQ6_K, "Q6_K", TensorType::kQ6_K, 18}, {FileType::kQ4_K_M, "Q4_K_M", TensorType::kQ4_K, 15},
};

const FileTypeInfo& info_of(FileType type) { return kFileTypes[static_cast<size_t>(type)]; }

bool is_gemma(std::string_view family) { return family.starts_with("gemma"); }
bool has_post_norms(std::string_view family) { return family == "gemma2" || family == "gemma3"; }
bool has_qk_norms(std::string_view family) { return family == "qwen3" || family == "gemma3"; }

// What llama.cpp puts in place of a K type whose blocks of 256 do not divide the row.
TensorType fitting(TensorType type, uint64_t cols) {
  if (cols % type_info(type).block_elements == 0) return type;
  switch (type) {
    case TensorType::kQ4_K: return TensorType::kQ5_0;
    case TensorType::kQ5_K: return TensorType::kQ5_1;
    case TensorType::kQ6_K: return TensorType::kQ8_0;
    default: return type;  // check_shape() refused it
  }
}

// The layers that a "_M" mix gives more bits: the first and last eighth and every third between.
bool gets_more_bits(uint32_t layer, uint32_t layers) {
  return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

enum class Role { kEmbedding, kHead, kValue, kFfnDown, kOther };

TensorType matrix_type(const ModelOptions& options, Role role, uint32_t layer, uint64_t cols) {
  const TensorType base = info_of(options.type).matrices;
  const bool is_float = type_info(base).block_elements == 1;
  const bool is_head = role == Role::kHead || (role == Role::kEmbedding && options.shape.tied_head);
  if (is_head && !is_float && base != TensorType::kQ8_0) return fitting(TensorType::kQ6_K, cols);
  const bool mixed = options.type == FileType::kQ4_K_M && (role == Role::kValue || role == Role::kFfnDown);
  if (mixed && gets_more_bits(layer, options.shape.layers)) return fitting(TensorType::kQ6_K, cols);
  return fitting(base, cols);
}

Status check_shape(const ModelOptions& options) {
  const ModelShape& s = options.shape;
  if (!tiny_shape(s.family)) return fail(ErrorKind::kUsage, "tools.unknown_family", s.family, "qwen2, qwen3, llama, gemma, gemma2, gemma3");
  const bool sizes = s.layers >= 1 && s.layers <= limits::kMaxLayers && s.width >= 1 && s.width <= limits::kMaxWidth &&
                     s.heads >= 1 && s.heads <= limits::kMaxHeads && s.kv_heads >= 1 && s.ffn >= 1 &&
                     s.ffn <= limits::kMaxFfn && s.head_dim >= 2 && s.head_dim <= limits::kMaxHeadDim && s.context >= 1 &&
                     s.context <= limits::kMaxContext && s.vocabulary <= limits::kMaxVocabulary;
  if (!sizes || s.heads % s.kv_heads != 0 || s.head_dim % 2 != 0) return fail(ErrorKind::kUsage, "tools.bad_shape");
  const bool quantised = type_info(info_of(options.type).matrices).block_elements > 1;
  const uint64_t inner = uint64_t{s.heads} * s.head_dim;
  if (quantised && (s.width % 32 != 0 || s.ffn % 32 != 0 || inner % 32 != 0)) {
    return fail(ErrorKind::kUsage, "tools.shape_blocks", s.width, s.ffn, inner);
  }
  return {};
}

class ModelWriter {
 public:
  ModelWriter(const ModelOptions& options, gguf::Writer& writer)
      : options_(options), shape_(options.shape), writer_(writer) {}

  void metadata() {
    const std::string& family = shape_.family;
    writer_.set_string("general.architecture", family);
    writer_.set_string("general.type", "model");
    writer_.set_string("general.name", fmt::format("random {} (seed {})", family, options_.seed));
    writer_.set_u32("general.file_type", info_of(options_.type).number);
    writer_.set_u32("general.quantization_version", 2);
    size("block_count", shape_.layers);
    size("context_length", shape_.context);
    size("embedding_length", shape_.width);
    size("feed_forward_length", shape_.ffn);
    size("attention.head_count", shape_.heads);
    size("attention.head_count_kv", shape_.kv_heads);
    number("attention.layer_norm_rms_epsilon", shape_.norm_eps);
    if (family != "gemma" && family != "gemma2") number("rope.freq_base", shape_.rope_base);
    if (is_gemma(family) || family == "qwen3" || shape_.head_dim * shape_.heads != shape_.width) {
      size("attention.key_length", shape_.head_dim);
      size("attention.value_length", shape_.head_dim);
    }
    if (family == "llama") {
      size("rope.dimension_count", shape_.head_dim);
      size("vocab_size", shape_.vocabulary);
    }
    if (has_post_norms(family)) size("attention.sliding_window", shape_.window);
    if (family == "gemma2") {
      number("attn_logit_softcapping", 50.0f);
      number("final_logit_softcapping", 30.0f);
    }
  }

  void tensors() {
    matrix("token_embd.weight", Role::kEmbedding, 0, shape_.vocabulary, shape_.width, embedding_deviation());
    if (shape_.rope_factors) rope_factors();
    for (uint32_t layer = 0; layer < shape_.layers; ++layer) this->layer(layer);
    vector("output_norm.weight", shape_.width, output_norm(), 0.1f);
    if (!shape_.tied_head) {
      matrix("output.weight", Role::kHead, 0, shape_.vocabulary, shape_.width, kLogitSpread / root(shape_.width));
    }
  }

 private:
  // Standard deviation of the logits.
  static constexpr float kLogitSpread = 2.5f;
  static float root(uint64_t n) { return std::sqrt(static_cast<float>(n)); }

  // A tied head multiplies the embedding with itself. Small embeddings are soon outweighed by what the layers add, so that
  // the model does not merely repeat its last token; the output norm gives the logits their spread back.
  static constexpr float kTiedScale = 0.4f;
  float embedding_deviation() const { return (shape_.tied_head ? kTiedScale : 1.0f) / root(shape_.width); }
  float output_norm() const { return shape_.tied_head ? kLogitSpread / kTiedScale : 1.0f; }

  std::string key(std::string_view name) const { return fmt::format("{}.{}", shape_.family, name); }
  void size(std::string_view name, uint32_t value) { writer_.set_u32(key(name), value); }
  void number(std::string_view name, float value) { writer_.set_f32(key(name), value); }

  void layer(uint32_t layer) {
    const std::string at = fmt::format("blk.{}.", layer);
    const uint64_t width = shape_.width, q = uint64_t{shape_.heads} * shape_.head_dim;
    const uint64_t kv = uint64_t{shape_.kv_heads} * shape_.head_dim;
    vector(at + "attn_norm.weight", width, 1.0f, 0.1f);
    linear(at + "attn_q.weight", Role::kOther, layer, q, width);
    linear(at + "attn_k.weight", Role::kOther, layer, kv, width);
    linear(at + "attn_v.weight", Role::kValue, layer, kv, width);
    if (shape_.family == "qwen2") {
      vector(at + "attn_q.bias", q, 0.0f, 0.1f);
      vector(at + "attn_k.bias", kv, 0.0f, 0.1f);
      vector(at + "attn_v.bias", kv, 0.0f, 0.1f);
    }
    if (has_qk_norms(shape_.family)) {
      vector(at + "attn_q_norm.weight", shape_.head_dim, 1.0f, 0.1f);
      vector(at + "attn_k_norm.weight", shape_.head_dim, 1.0f, 0.1f);
    }
    linear(at + "attn_output.weight", Role::kOther, layer, width, q);
    if (has_post_norms(shape_.family)) vector(at + "post_attention_norm.weight", width, 1.0f, 0.1f);
    vector(at + "ffn_norm.weight", width, 1.0f, 0.1f);
    linear(at + "ffn_gate.weight", Role::kOther, layer, shape_.ffn, width);
    linear(at + "ffn_up.weight", Role::kOther, layer, shape_.ffn, width);
    linear(at + "ffn_down.weight", Role::kFfnDown, layer, width, shape_.ffn);
    if (has_post_norms(shape_.family)) vector(at + "post_ffw_norm.weight", width, 1.0f, 0.1f);
  }

  // A matrix that keeps the size of what passes through it.
  void linear(const std::string& name, Role role, uint32_t layer, uint64_t rows, uint64_t cols) {
    matrix(name, role, layer, rows, cols, 1.0f / root(cols));
  }

  void matrix(const std::string& name, Role role, uint32_t layer, uint64_t rows, uint64_t cols, float deviation) {
    const TensorType type = matrix_type(options_, role, layer, cols);
    random_tensor(name, type, {cols, rows}, 0.0f, deviation);
  }

  void vector(const std::string& name, uint64_t n, float mean, float deviation) {
    random_tensor(name, TensorType::kF32, {n}, mean, deviation);
  }

  void random_tensor(const std::string& name, TensorType type, std::vector<uint64_t> dims, float mean, float deviation) {
    const uint64_t cols = dims[0], rows = dims.size() > 1 ? dims[1] : 1;
    const RandomRows source(options_.seed, name);
    writer_.add_tensor(name, type, std::move(dims), [=](const gguf::Writer::Append& append) -> Status {
      std::vector<float> values(cols);
      std::vector<std::byte> row(row_bytes(type, cols));
      for (uint64_t r = 0; r < rows; ++r) {
        source.fill(r, mean, deviation, values.data(), cols);
        quantize_row(type, values.data(), cols, row.data());
        SLM_TRY_STATUS(append(row));
      }
      return {};
    });
  }

  // Llama 3.2's scaling: factor 32 for long waves, 1 for short ones, in between linear in the number of turns.
  void rope_factors() {
    constexpr double kFactor = 32.0, kLow = 1.0, kHigh = 4.0, kOldContext = 8192.0, kTau = 6.283185307179586;
    std::vector<float> factors;
    for (uint32_t i = 0; i < shape_.head_dim / 2; ++i) {
      const double turns = kOldContext / (kTau * std::pow(shape_.rope_base, 2.0 * i / shape_.head_dim));
      const double smooth = (turns - kLow) / (kHigh - kLow);
      double factor = 1.0 / ((1.0 - smooth) / kFactor + smooth);
      if (turns < kLow) factor = kFactor;
      if (turns > kHigh) factor = 1.0;
      factors.push_back(static_cast<float>(factor));
    }
    const auto bytes = std::as_bytes(std::span(factors));
    writer_.add_tensor("rope_freqs.weight", TensorType::kF32, {factors.size()},
                       std::vector<std::byte>(bytes.begin(), bytes.end()));
  }

  const ModelOptions& options_;
  const ModelShape& shape_;
  gguf::Writer& writer_;
};

Result<Vocabulary> vocabulary_of(const ModelOptions& options) {
  if (!options.tokenizer.empty()) return read_tokenizer(options.tokenizer);
  if (is_gemma(options.shape.family)) return small_sentencepiece();
  return small_byte_level(options.shape.family == "llama" ? "smollm" : "qwen2");
}

Result<gguf::Writer> describe(ModelOptions& options) {
  SLM_TRY_STATUS(check_shape(options));
  SLM_TRY(vocabulary, vocabulary_of(options));
  if (options.shape.vocabulary > 0) SLM_TRY_STATUS(pad_vocabulary(vocabulary, options.shape.vocabulary));
  options.shape.vocabulary = static_cast<uint32_t>(vocabulary.pieces.size());
  gguf::Writer writer;
  ModelWriter model(options, writer);
  model.metadata();
  write_vocabulary(vocabulary, writer);
  model.tensors();
  return writer;
}

}  // namespace

std::optional<FileType> file_type_from_name(std::string_view name) {
  for (const FileTypeInfo& info : kFileTypes) {
    if (info.name == name) return info.type;
  }
  return std::nullopt;
}

std::vector<std::string> file_type_names() {
  std::vector<std::string> names;
  for (const FileTypeInfo& info : kFileTypes) names.emplace_back(info.name);
  return names;
}

Status make_model(const ModelOptions& options, const std::string& path) {
  ModelOptions completed = options;
  SLM_TRY(writer, describe(completed));
  return writer.write(path);
}

Result<std::vector<std::byte>> make_model_bytes(const ModelOptions& options) {
  ModelOptions completed = options;
  SLM_TRY(writer, describe(completed));
  return writer.to_bytes();
}

}  // namespace slm
