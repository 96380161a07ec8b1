// Llama 1-3 and its kin (SmolLM2): RMS norm, SiLU-gated FFN, rotary positions on adjacent pairs (GGUF stores the rows of Q
// and K permuted so). Llama 3.x brings a rope_freqs tensor that divides the frequencies; weights.cc reads it.
#include "model/families/keys.h"

namespace slm::families {

Result<ModelSpec> read_llama(const gguf::File& file) {
  SLM_TRY(spec, read_shapes(file, "llama"));
  spec.rope_style = kernels::RopeStyle::kPairs;
  spec.qkv_bias = file.find_tensor("blk.0.attn_q.bias") != nullptr;
  return spec;
}

}  // namespace slm::families
