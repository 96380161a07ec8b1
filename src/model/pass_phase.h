// The parts of a forward pass that are told apart when its time and its work are counted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/table.h"
#include "tensor/types.h"

namespace slm {

enum class PassPhase : uint8_t {
  kEmbedding,          // rows of the embedding, and the angles of RoPE
  kNorms,              // sums, norms and the 8 bits that matmuls read
  kQueriesKeysValues,  // products
  kHeads,              // norms of heads, RoPE, keys and values stored
  kAttention,
  kAttentionOutput,    // product
  kGateUp,             // products
  kActivation,         // of gate and up, and its 8 bits
  kDown,               // product
  kHead,               // product: the logits
  kWaiting,            // for other threads
};
inline constexpr size_t kPassPhases = static_cast<size_t>(PassPhase::kWaiting) + 1;

// One value for each phase and type of what it reads (weights, or the KV cache); kF32 where it reads neither.
template <class Value>
class PassTable {
 public:
  Value& at(PassPhase phase, TensorType type) { return values_[index(phase, type)]; }
  const Value& at(PassPhase phase, TensorType type) const { return values_[index(phase, type)]; }

 private:
  static size_t index(PassPhase phase, TensorType type) { return static_cast<size_t>(phase) * kTensorTypeCount + static_cast<size_t>(type); }
  std::array<Value, kPassPhases * kTensorTypeCount> values_{};
};

constexpr TensorType tensor_type(kernels::KvType type) { return type == kernels::KvType::kF16 ? TensorType::kF16 : TensorType::kQ8_0; }

}  // namespace slm
