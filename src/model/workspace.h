// The memory of one forward pass at a time: activations that all threads share, and each thread's own. Sized once, in one
// reservation that is touched as used.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/table.h"
#include "model/attention.h"
#include "model/model.h"
#include "model/spec.h"

namespace slm {

class HeadScreen;
struct PassProfile;

// Up to this many tokens every thread keeps the residual stream and all that is computed per token (norms, sums, quantised
// activations) for itself: doing it again costs less than the two barriers a layer that sharing it would take.
inline constexpr uint32_t kReplicatedTokens = 4;

// Columns of the FFN's inside that a full batch computes at a time: gate and up then meet in the second-level cache.
inline constexpr uint32_t kFfnColumns = 128;

// Activations about to enter a matmul: the floats, and the same in 8 bits.
struct TokenBuffers {
  float* x;               // (tokens, width): the residual stream
  float* normed;          // (tokens, width)
  kernels::Q8Rows quant;  // (tokens, widest input of attention's matmuls); its rows are packed to the width in use
  float* attention;       // (tokens, n_heads * head_dim)
};

class Model::Workspace {
 public:
  // REQUIRES: every size at least 1.
  Workspace(const ModelSpec& spec, uint32_t max_batch_tokens, uint32_t max_context, int threads);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  // False when the address space could not be reserved: then nothing else here may be used.
  explicit operator bool() const { return memory_ != nullptr; }
  static uint64_t bytes(const ModelSpec& spec, uint32_t max_batch_tokens, uint32_t max_context, int threads);

  struct Thread {
    TokenBuffers tokens;              // (kReplicatedTokens, ...)
    float* row;                       // (width): a vector on its way
    float *gate, *up;                 // (max_batch_tokens * kFfnColumns): of all tokens, some columns of the FFN
    Partials partials;                // kPartialFloats at least: one attention task's
    const std::byte** key_pages;      // by page number
    const std::byte** value_pages;
    std::byte* scratch;               // kMatmulScratchBytes, for matmuls and attention alike
  };

  uint32_t max_batch_tokens, max_context;
  std::vector<Thread> threads;
  std::unique_ptr<HeadScreen> screen;  // null: never. Takes memory of its own
  PassProfile* profile = nullptr;     // see Model::profile()

  TokenBuffers tokens;                // (max_batch_tokens, ...), shared; after the layers it holds the head's input
  float *q, *k, *v;                   // (max_batch_tokens, n_heads * head_dim) and twice n_kv_heads * head_dim
  float* out;                         // (max_batch_tokens, width): what attention or FFN adds to the stream
  float* gated;                       // (max_batch_tokens, ffn): the input of `down` where that reads floats
  kernels::Q8Rows gated_quant;        // (max_batch_tokens, ffn): and where it does not
  float* cos_sin[2];                  // (max_batch_tokens, rope_dims): angles of full and of windowed layers
  Partials partials;                  // of all tasks of a small batch

  AttentionPlan plan, last_plan;      // of all layers but the last, and of the last
  std::unique_ptr<std::atomic<uint32_t>[]> next_unit;  // (n_layers): attention work not yet taken
  std::vector<uint32_t> positions;    // (tokens)
  std::vector<uint32_t> item_of;      // (tokens): batch item
  std::vector<uint32_t> rows;         // tokens whose logits are asked for

 private:
  void lay_out(std::byte* memory, const ModelSpec& spec, int n_threads);

  std::byte* memory_ = nullptr;
  size_t reserved_ = 0;
};

}  // namespace slm
