// Gemma 3 (text): Gemma 2's four norms, Q and K normed instead of soft caps, five windowed layers to one that sees
// everything, and a RoPE base (and scaling) of each kind's own.
#include <cmath>

#include "base/limits.h"
#include "model/families/keys.h"

namespace slm::families {

Result<ModelSpec> read_gemma3(const gguf::File& file) {
  SLM_TRY(spec, read_shapes(file, "gemma3"));
  const Keys keys(file, "gemma3");
  spec.activation = Activation::kGeluTanh;
  spec.embedding_scale = std::sqrt(static_cast<float>(spec.width));
  spec.post_norms = true;
  spec.qk_norm = true;
  SLM_TRY(rope_base, keys.positive_or("rope.freq_base", 1e6f));
  SLM_TRY(rope_base_local, keys.positive_or("rope.freq_base_swa", 1e4f));
  SLM_TRY(window, keys.size("attention.sliding_window", limits::kMaxContext));
  SLM_TRY(windowed, keys.windowed_layers(spec.n_layers, 6));
  spec.rope_base = rope_base;
  spec.rope_base_local = rope_base_local;
  spec.rope_scale_local = 1.0f;
  spec.window = window;
  spec.windowed = std::move(windowed);
  if (file.has(keys.full("final_logit_softcapping"))) {
    SLM_TRY(cap, keys.positive("final_logit_softcapping"));
    spec.logit_soft_cap = cap;
  }
  // As in Gemma 2, query_pre_attn_scalar is head_dim except in the 27B model.
  constexpr uint32_t kLayersOf27B = 62;
  if (spec.n_layers == kLayersOf27B) {
    spec.attention_scale = 1.0f / std::sqrt(static_cast<float>(spec.width / spec.n_heads));
  }
  return spec;
}

}  // namespace slm::families
