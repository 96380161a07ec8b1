#include "model/weights.h"

#include <cmath>
#include <string>
#include <unordered_set>

#include <fmt/format.h>

namespace slm {
namespace {

class Binder {
 public:
  Binder(const gguf::File& file, const ModelSpec& spec, const kernels::KernelTable& kernels)
      : file_(file), spec_(spec), kernels_(kernels) {}

  Result<Weights> bind();

 private:
  bool has(const std::string& name) const { return file_.find_tensor(name) != nullptr; }
  Result<TensorView> take(const std::string& name, uint32_t rows, uint32_t cols);
  Status matrix(TensorView& out, const std::string& name, uint32_t rows, uint32_t cols);
  Status vector(std::vector<float>& out, const std::string& name, uint32_t n);
  Status layer(LayerWeights& out, uint32_t index);
  Status all_used() const;

  const gguf::File& file_;
  const ModelSpec& spec_;
  const kernels::KernelTable& kernels_;
  std::unordered_set<std::string_view> used_;
};

Result<TensorView> Binder::take(const std::string& name, uint32_t rows, uint32_t cols) {
  SLM_TRY(view, file_.matrix(name, rows, cols));
  used_.insert(file_.find_tensor(name)->name);
  return view;
}

Status Binder::matrix(TensorView& out, const std::string& name, uint32_t rows, uint32_t cols) {
  SLM_TRY(view, take(name, rows, cols));
  if (!kernels_.matmul[static_cast<uint32_t>(view.type)]) {
    return fail(ErrorKind::kFailed, "model.type_without_kernels", name, type_info(view.type).name);
  }
  out = view;
  return {};
}

Status Binder::vector(std::vector<float>& out, const std::string& name, uint32_t n) {
  SLM_TRY(view, take(name, 1, n));
  const auto dequantize = kernels_.dequantize[static_cast<uint32_t>(view.type)];
  if (!dequantize) return fail(ErrorKind::kFailed, "model.type_without_kernels", name, type_info(view.type).name);
  out.resize(n);
  dequantize(view.data, n, out.data());
  return {};
}

Status Binder::layer(LayerWeights& out, uint32_t index) {
  const auto name = [index](std::string_view part) { return fmt::format("blk.{}.{}", index, part); };
  const uint32_t width = spec_.width;
  const uint32_t q_rows = spec_.n_heads * spec_.head_dim;
  const uint32_t kv_rows = spec_.n_kv_heads * spec_.head_dim;
  SLM_TRY_STATUS(vector(out.attention_norm, name("attn_norm.weight"), width));
  SLM_TRY_STATUS(matrix(out.q, name("attn_q.weight"), q_rows, width));
  SLM_TRY_STATUS(matrix(out.k, name("attn_k.weight"), kv_rows, width));
  SLM_TRY_STATUS(matrix(out.v, name("attn_v.weight"), kv_rows, width));
  if (spec_.qkv_bias) {
    SLM_TRY_STATUS(vector(out.q_bias, name("attn_q.bias"), q_rows));
    SLM_TRY_STATUS(vector(out.k_bias, name("attn_k.bias"), kv_rows));
    SLM_TRY_STATUS(vector(out.v_bias, name("attn_v.bias"), kv_rows));
  }
  if (spec_.qk_norm) {
    SLM_TRY_STATUS(vector(out.q_norm, name("attn_q_norm.weight"), spec_.head_dim));
    SLM_TRY_STATUS(vector(out.k_norm, name("attn_k_norm.weight"), spec_.head_dim));
  }
  SLM_TRY_STATUS(matrix(out.o, name("attn_output.weight"), width, q_rows));
  SLM_TRY_STATUS(vector(out.ffn_norm, name("ffn_norm.weight"), width));
  SLM_TRY_STATUS(matrix(out.gate, name("ffn_gate.weight"), spec_.ffn, width));
  SLM_TRY_STATUS(matrix(out.up, name("ffn_up.weight"), spec_.ffn, width));
  SLM_TRY_STATUS(matrix(out.down, name("ffn_down.weight"), width, spec_.ffn));
  if (spec_.post_norms) {
    SLM_TRY_STATUS(vector(out.post_attention_norm, name("post_attention_norm.weight"), width));
    SLM_TRY_STATUS(vector(out.post_ffn_norm, name("post_ffw_norm.weight"), width));
  }
  return {};
}

// A tensor that is never read means a model other than the one its architecture names: its output would be wrong.
Status Binder::all_used() const {
  for (const gguf::TensorInfo& tensor : file_.tensors()) {
    if (!used_.contains(tensor.name)) return fail(ErrorKind::kFailed, "model.unused_tensor", tensor.name);
  }
  return {};
}

Result<Weights> Binder::bind() {
  Weights weights;
  SLM_TRY(embedding, take("token_embd.weight", spec_.vocabulary, spec_.width));
  if (!kernels_.dequantize[static_cast<uint32_t>(embedding.type)]) {
    return fail(ErrorKind::kFailed, "model.type_without_kernels", "token_embd.weight", type_info(embedding.type).name);
  }
  weights.embedding = embedding;
  weights.layers.resize(spec_.n_layers);
  for (uint32_t i = 0; i < spec_.n_layers; ++i) SLM_TRY_STATUS(layer(weights.layers[i], i));
  SLM_TRY_STATUS(vector(weights.output_norm, "output_norm.weight", spec_.width));
  const char* head = has("output.weight") ? "output.weight" : "token_embd.weight";
  SLM_TRY_STATUS(matrix(weights.head, head, spec_.vocabulary, spec_.width));
  if (has("rope_freqs.weight")) {
    SLM_TRY_STATUS(vector(weights.rope_factors, "rope_freqs.weight", spec_.rope_dims / 2));
    for (const float factor : weights.rope_factors) {
      if (!(factor > 0.0f) || !std::isfinite(factor)) {
        return fail(ErrorKind::kCorrupt, "model.not_positive", "rope_freqs.weight", factor);
      }
    }
  }
  SLM_TRY_STATUS(all_used());
  for (const gguf::TensorInfo& tensor : file_.tensors()) {
    weights.parameters += tensor.elements();
    weights.bytes += tensor.size_bytes;
  }
  return weights;
}

}  // namespace

Result<Weights> bind_weights(const gguf::File& file, const ModelSpec& spec, const kernels::KernelTable& kernels) {
  return Binder(file, spec, kernels).bind();
}

}  // namespace slm
