// Qwen3 (dense): no bias; each head of Q and K is normed before RoPE.
#include "model/families/keys.h"

namespace slm::families {

Result<ModelSpec> read_qwen3(const gguf::File& file) {
  SLM_TRY(spec, read_shapes(file, "qwen3"));
  spec.qk_norm = true;
  return spec;
}

}  // namespace slm::families
