// Gemma 2: Gemma with norms after attention and FFN too, soft caps on scores and logits, and a window on every other layer.
#include <cmath>

#include "base/limits.h"
#include "model/families/keys.h"

namespace slm::families {

Result<ModelSpec> read_gemma2(const gguf::File& file) {
  SLM_TRY(spec, read_shapes(file, "gemma2"));
  const Keys keys(file, "gemma2");
  spec.activation = Activation::kGeluTanh;
  spec.embedding_scale = std::sqrt(static_cast<float>(spec.width));
  spec.post_norms = true;
  SLM_TRY(attention_cap, keys.positive_or("attn_logit_softcapping", 50.0f));
  SLM_TRY(logit_cap, keys.positive_or("final_logit_softcapping", 30.0f));
  SLM_TRY(window, keys.size_or("attention.sliding_window", limits::kMaxContext, 4096));
  SLM_TRY(windowed, keys.windowed_layers(spec.n_layers, 2));
  spec.attention_soft_cap = attention_cap;
  spec.logit_soft_cap = logit_cap;
  spec.window = window;
  spec.windowed = std::move(windowed);
  spec.rope_base_local = spec.rope_base;
  spec.rope_scale_local = spec.rope_scale;
  // GGUF has no key for query_pre_attn_scalar: it is head_dim except in the 27B model, where it is width / n_heads.
  constexpr uint32_t kLayersOf27B = 46;
  if (spec.n_layers == kLayersOf27B) {
    spec.attention_scale = 1.0f / std::sqrt(static_cast<float>(spec.width / spec.n_heads));
  }
  return spec;
}

}  // namespace slm::families
