#include "model/families/keys.h"

#include <cmath>
#include <limits>

#include "base/limits.h"

namespace slm::families {

Result<uint32_t> Keys::size(std::string_view key, uint32_t max) const {
  SLM_TRY(value, file_.u64(full(key)));
  if (value < 1 || value > max) return fail(ErrorKind::kCorrupt, "model.out_of_range", full(key), value, 1, max);
  return static_cast<uint32_t>(value);
}

Result<uint32_t> Keys::size_or(std::string_view key, uint32_t max, uint32_t otherwise) const {
  if (!file_.has(full(key))) return otherwise;
  return size(key, max);
}

Result<float> Keys::positive(std::string_view key) const {
  SLM_TRY(value, file_.f64(full(key)));
  const float narrow = static_cast<float>(value);
  if (!(narrow > 0.0f) || !std::isfinite(narrow)) {
    return fail(ErrorKind::kCorrupt, "model.not_positive", full(key), value);
  }
  return narrow;
}

Result<float> Keys::positive_or(std::string_view key, float otherwise) const {
  if (!file_.has(full(key))) return otherwise;
  return positive(key);
}

Result<float> Keys::rope_scale() const {
  SLM_TRY(kind, file_.find_string(full("rope.scaling.type")));
  if (kind && *kind != "linear" && *kind != "none") {
    return fail(ErrorKind::kFailed, "model.rope_scaling", full("rope.scaling.type"), *kind);
  }
  if (kind && *kind == "none") return 1.0f;
  // Files older than rope.scaling.* name the factor scale_linear.
  SLM_TRY(old_factor, positive_or("rope.scale_linear", 1.0f));
  SLM_TRY(factor, positive_or("rope.scaling.factor", old_factor));
  return 1.0f / factor;
}

Result<std::vector<bool>> Keys::windowed_layers(uint32_t n_layers, uint32_t period) const {
  const std::string key = full("attention.sliding_window_pattern");
  std::vector<bool> windowed(n_layers);
  if (file_.has(key)) {
    if (auto flags = file_.find_ints(key); flags && *flags) {
      if ((*flags)->size() != n_layers) {
        return fail(ErrorKind::kCorrupt, "model.array_length", key, (*flags)->size(), n_layers);
      }
      for (uint32_t i = 0; i < n_layers; ++i) windowed[i] = (**flags)[i] != 0;
      return windowed;
    }
    SLM_TRY(from_file, size("attention.sliding_window_pattern", limits::kMaxLayers));
    period = from_file;
  }
  for (uint32_t i = 0; i < n_layers; ++i) windowed[i] = (i + 1) % period != 0;
  return windowed;
}

Result<ModelSpec> read_shapes(const gguf::File& file, std::string_view architecture) {
  const Keys keys(file, architecture);
  ModelSpec spec;
  SLM_TRY(n_layers, keys.size("block_count", limits::kMaxLayers));
  SLM_TRY(width, keys.size("embedding_length", limits::kMaxWidth));
  SLM_TRY(ffn, keys.size("feed_forward_length", limits::kMaxFfn));
  SLM_TRY(n_heads, keys.size("attention.head_count", limits::kMaxHeads));
  SLM_TRY(n_kv_heads, keys.size_or("attention.head_count_kv", limits::kMaxHeads, n_heads));
  SLM_TRY(context, keys.size("context_length", limits::kMaxContext));
  if (n_heads % n_kv_heads != 0) return fail(ErrorKind::kCorrupt, "model.kv_heads", n_heads, n_kv_heads);

  if (!file.has(keys.full("attention.key_length")) && width % n_heads != 0) {
    return fail(ErrorKind::kCorrupt, "model.width_heads", width, n_heads);
  }
  SLM_TRY(head_dim, keys.size_or("attention.key_length", limits::kMaxHeadDim, width / n_heads));
  SLM_TRY(value_dim, keys.size_or("attention.value_length", limits::kMaxHeadDim, head_dim));
  if (head_dim < 2 || head_dim % 2 != 0 || head_dim > limits::kMaxHeadDim) {
    return fail(ErrorKind::kCorrupt, "model.head_dim", head_dim, limits::kMaxHeadDim);
  }
  if (value_dim != head_dim) return fail(ErrorKind::kFailed, "model.value_length", head_dim, value_dim);
  SLM_TRY(rope_dims, keys.size_or("rope.dimension_count", head_dim, head_dim));
  if (rope_dims % 2 != 0) return fail(ErrorKind::kCorrupt, "model.rope_dims", rope_dims, head_dim);
  SLM_TRY(experts, file.find_u64(keys.full("expert_count")));
  if (experts.value_or(0) > 0) return fail(ErrorKind::kFailed, "model.experts", *experts);

  SLM_TRY(norm_eps, keys.positive("attention.layer_norm_rms_epsilon"));
  SLM_TRY(rope_base, keys.positive_or("rope.freq_base", 10000.0f));
  SLM_TRY(rope_scale, keys.rope_scale());
  SLM_TRY(tokens, file.strings("tokenizer.ggml.tokens"));
  if (tokens.size() < 1 || tokens.size() > limits::kMaxVocabulary) {
    return fail(ErrorKind::kCorrupt, "model.out_of_range", "tokenizer.ggml.tokens", tokens.size(), 1, limits::kMaxVocabulary);
  }

  spec.n_layers = n_layers;
  spec.width = width;
  spec.n_heads = n_heads;
  spec.n_kv_heads = n_kv_heads;
  spec.head_dim = head_dim;
  spec.ffn = ffn;
  spec.vocabulary = static_cast<uint32_t>(tokens.size());
  spec.context = context;
  spec.norm_eps = norm_eps;
  spec.rope_dims = rope_dims;
  spec.rope_base = rope_base;
  spec.rope_scale = rope_scale;
  spec.attention_scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  spec.windowed.assign(n_layers, false);
  return spec;
}

}  // namespace slm::families
