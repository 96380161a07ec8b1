// Weights bound to a spec, and the forward pass over a batch of tokens of several sequences.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "gguf/file.h"
#include "kernels/table.h"
#include "model/kv.h"
#include "model/spec.h"

namespace slm {

// One sequence's tokens in a batch: they stand at positions [first_pos, first_pos + ids.size()).
struct BatchItem {
  KvSequence* kv;                    // pages for those positions are already reserved
  uint32_t first_pos;
  std::span<const int32_t> ids;
  enum class Logits : uint8_t { kNone, kLast, kAll } logits;
};

class Model {
 public:
  // Validates every tensor against the spec. Errors: kCorrupt naming the tensor and both shapes, or the missing key;
  // kFailed for an unknown architecture or a type kernels cannot compute (named).
  static Result<std::unique_ptr<Model>> open(std::shared_ptr<const gguf::File> file, const kernels::KernelTable& kernels);
  ~Model();

  const ModelSpec& spec() const;
  const gguf::File& file() const;
  const kernels::KernelTable& kernels() const;
  KvLayout kv_layout(kernels::KvType type) const;

  uint64_t parameters() const;
  uint64_t weight_bytes() const;                                    // bytes of tensors the forward pass reads
  uint64_t workspace_bytes(uint32_t max_batch_tokens, int threads) const;

  // State that one forward at a time needs; sized once.
  class Workspace;
  std::unique_ptr<Workspace, void (*)(Workspace*)> make_workspace(uint32_t max_batch_tokens, uint32_t max_context,
                                                                  int threads) const;

  // Runs the batch (at most max_batch_tokens tokens in all), writing keys and values to the items' KV and logits rows to
  // `logits` (sum of rows asked for, vocabulary), in item order. Token ids must be < vocabulary (checked by the engine).
  void forward(std::span<const BatchItem> batch, Workspace& workspace, ThreadPool& pool, std::span<float> logits) const;

 private:
  Model();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm
