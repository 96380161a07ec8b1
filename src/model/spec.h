// A model as data: what the forward pass must do, as capabilities named after the maths, never after a family.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gguf/file.h"
#include "kernels/table.h"

namespace slm {

enum class Activation : uint8_t { kSilu, kGeluTanh };

struct ModelSpec {
  uint32_t n_layers = 0;
  uint32_t width = 0;
  uint32_t n_heads = 0;
  uint32_t n_kv_heads = 0;
  uint32_t head_dim = 0;
  uint32_t ffn = 0;
  uint32_t vocabulary = 0;         // rows of the embedding, padding included
  uint32_t context = 0;            // trained length
  float norm_eps = 1e-6f;
  Activation activation = Activation::kSilu;
  kernels::RopeStyle rope_style = kernels::RopeStyle::kHalves;
  uint32_t rope_dims = 0;
  float rope_base = 10000.0f;
  float rope_base_local = 10000.0f;  // of the windowed layers
  float rope_scale = 1.0f;           // position factor (linear scaling: 1 / factor)
  float rope_scale_local = 1.0f;     // of the windowed layers
  float embedding_scale = 1.0f;
  float attention_scale = 0.0f;      // usually 1 / sqrt(head_dim)
  float attention_soft_cap = 0.0f;   // 0: none
  float logit_soft_cap = 0.0f;       // 0: none
  bool qkv_bias = false;
  bool qk_norm = false;              // RMS norm of each query and key head before RoPE
  bool post_norms = false;           // norms after attention and after the FFN, before the residual
  uint32_t window = 0;               // 0: none
  std::vector<bool> windowed;        // (n_layers): true where the layer sees only `window` positions
};

// One family: how its GGUF metadata becomes a spec. Tensor names are GGUF's common ones (model/weights.cc).
struct Family {
  std::string_view architecture;     // "llama"
  Result<ModelSpec> (*read_spec)(const gguf::File& file);
};

// The list, in model/families/families.cc: one line a family.
const Family* find_family(std::string_view architecture);
std::vector<std::string_view> family_names();

}  // namespace slm
