// The tensors of a model, by GGUF's common names, each checked against the spec when it is bound. Matrices stay where they lie
// in the file; vectors (norms, biases) are few and are copied out as floats.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "gguf/file.h"
#include "kernels/table.h"
#include "model/spec.h"
#include "tensor/types.h"

namespace slm {

// Types whose kernels read float activations; the others read them in 8 bits.
constexpr bool reads_floats(TensorType type) {
  return type == TensorType::kF32 || type == TensorType::kF16 || type == TensorType::kBF16;
}

struct LayerWeights {
  std::vector<float> attention_norm;                 // (width)
  TensorView q, k, v;                                // (n_heads * head_dim, width), (n_kv_heads * head_dim, width) twice
  std::vector<float> q_bias, k_bias, v_bias;         // empty without qkv_bias
  std::vector<float> q_norm, k_norm;                 // (head_dim); empty without qk_norm
  TensorView o;                                      // (width, n_heads * head_dim)
  std::vector<float> post_attention_norm;            // (width); empty without post_norms
  std::vector<float> ffn_norm;                       // (width)
  TensorView gate, up;                               // (ffn, width)
  TensorView down;                                   // (width, ffn)
  std::vector<float> post_ffn_norm;                  // (width); empty without post_norms
};

struct Weights {
  TensorView embedding;                              // (vocabulary, width)
  std::vector<LayerWeights> layers;
  std::vector<float> output_norm;                    // (width)
  TensorView head;                                   // (vocabulary, width); the embedding where the file has no output.weight
  std::vector<float> rope_factors;                   // (rope_dims / 2); empty: none
  uint64_t parameters = 0;                           // elements of all tensors
  uint64_t bytes = 0;                                // of all tensors
};

// Errors: kCorrupt: a tensor is missing or of another shape (both named), or one is in the file that the pass would leave out;
// kFailed: a type without kernels.
Result<Weights> bind_weights(const gguf::File& file, const ModelSpec& spec, const kernels::KernelTable& kernels);

}  // namespace slm
