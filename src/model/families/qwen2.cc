// Qwen2 and Qwen2.5: Llama's layer with a bias on Q, K and V, and rotary halves.
#include "model/families/keys.h"

namespace slm::families {

Result<ModelSpec> read_qwen2(const gguf::File& file) {
  SLM_TRY(spec, read_shapes(file, "qwen2"));
  spec.qkv_bias = true;
  return spec;
}

}  // namespace slm::families
