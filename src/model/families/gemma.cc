// Gemma 1: embeddings times sqrt(width), GELU-gated (tanh form) FFN, heads wider than width / n_heads. Norm weights are
// 1 + w, which GGUF stores already added.
#include <cmath>

#include "model/families/keys.h"

namespace slm::families {

Result<ModelSpec> read_gemma(const gguf::File& file) {
  SLM_TRY(spec, read_shapes(file, "gemma"));
  spec.activation = Activation::kGeluTanh;
  spec.embedding_scale = std::sqrt(static_cast<float>(spec.width));
  return spec;
}

}  // namespace slm::families
