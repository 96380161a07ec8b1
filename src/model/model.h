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

struct PassProfile;

// What is read of a row of logits: those of the `top` likeliest ids below `below`, ties by the smaller id; the others may be -inf. top 0: all of them.
struct Likeliest {
  uint32_t top = 0, below = 0;
};

// Whether rows that ask for their likeliest alone may come by way of a copy of the head (model/head_screen.h): kNever; kWhereItPays: made after some
// rows of the kind, if few of the head's rows are left by it; kAlways: from the second row on, whatever it costs (for tests).
enum class HeadScreening : uint8_t { kNever, kWhereItPays, kAlways };

struct HeadScreenUse {
  double expected_share = 0;       // of the head's rows, that would be kept: 0 before it is known
  bool standing = false;           // the copy is there
  uint64_t rows = 0, kept = 0;     // rows of logits that came by it, and exact products for them
};

// One sequence's tokens in a batch: they stand at positions [first_pos, first_pos + ids.size()). At most one item a sequence.
struct BatchItem {
  KvSequence* kv;                    // pages for those positions are already reserved
  uint32_t first_pos;
  std::span<const int32_t> ids;
  uint32_t first_logits;             // logits are asked for of ids[first_logits] and after; ids.size(): of none
  Likeliest wanted = {};             // of those logits
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
  // Of make_workspace(), at most; max_context 0 is the trained length.
  uint64_t workspace_bytes(uint32_t max_batch_tokens, int threads, uint32_t max_context = 0) const;

  // That a workspace with a screen may take beside them, late: 0 where no copy of this model's head would pay.
  uint64_t head_screen_bytes() const;

  // State that one forward at a time needs; sized once, but for the screen's copy. Null when the address space cannot be reserved.
  class Workspace;
  std::unique_ptr<Workspace, void (*)(Workspace*)> make_workspace(uint32_t max_batch_tokens, uint32_t max_context, int threads,
                                                                  HeadScreening screening = HeadScreening::kNever) const;

  // Moves the next `bytes` or so of the weights to memory of huge pages (weight_mover.h); no logit changes. The head stays while the
  // workspace's screen may do without it. False when nothing is left to do, or the file is not mapped. REQUIRES: no forward runs meanwhile.
  bool move_weights(size_t bytes, const Workspace& workspace, ThreadPool& pool);

  // Runs the batch (at most max_batch_tokens tokens in all), writing keys and values to the items' KV and logits rows to
  // `logits` (sum of rows asked for, vocabulary), in item order. REQUIRES: token ids < vocabulary (checked by the engine),
  // pool.size() threads as the workspace was made for. A row's bits depend on its sequence's ids alone: not on threads, on how
  // the ids came in batches, nor on the batch's other sequences. Of a row that is `wanted` in part, that holds for this part; the rest
  // is as it would be or -inf.
  void forward(std::span<const BatchItem> batch, Workspace& workspace, ThreadPool& pool, std::span<float> logits) const;

  // The same in two halves, for when the logits of all rows at once would be too much memory: run_layers() returns how many
  // rows were asked for, and project() gives the logits of rows [first, first + n) of the last run_layers(), (n, vocabulary).
  uint32_t run_layers(std::span<const BatchItem> batch, Workspace& workspace, ThreadPool& pool) const;
  void project(uint32_t first, uint32_t n, Workspace& workspace, ThreadPool& pool, std::span<float> logits) const;

  // From now on adds costs and times of this workspace's passes to `into`, made for as many threads; null: no more. A pass is not slower for
  // it than the clock takes, which it reads about fifteen times a layer, and costs nothing where nobody asks.
  static void profile(Workspace& workspace, PassProfile* into);

  static HeadScreenUse head_screen_use(const Workspace& workspace);

 private:
  Model();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm
