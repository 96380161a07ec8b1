// Sequences, KV pages, prefix reuse and the step loop; ids in, ids out. No text, JSON, files or sockets here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "model/model.h"
#include "sampling/sampler.h"

namespace slm {

struct EngineOptions {
  uint32_t context = 0;              // positions a sequence may hold; REQUIRES 1 <= context
  uint32_t sequences = 1;            // how many may run at once
  uint32_t max_batch_tokens = 256;   // prefill chunk
  kernels::KvType kv_type = kernels::KvType::kF16;
  bool moves_weights = false;        // to huge pages, some after each decode step: Model::move_weights
  uint32_t n_usable = 0;             // ids >= n_usable are never sampled (padding of the vocabulary); 0: all
  HeadScreening head_screening = HeadScreening::kNever;  // takes Model::head_screen_bytes() more, late; changes no id
};

using SequenceId = uint64_t;

enum class FinishReason : uint8_t { kNone, kStop, kLength, kCancelled };  // kLength: max_tokens or the context is full

struct Request {
  std::vector<int32_t> prompt;       // at least one id
  uint32_t max_tokens = 0;           // at most; also bounded by the context (prompt + max_tokens may exceed it: ends kLength)
  SamplingParams sampling;
  std::vector<int32_t> end_ids;      // sampling one of these ends the sequence; it is not reported as output
  uint32_t top_logprobs = 0;         // for each output token
  bool with_logprob = false;         // the chosen token's logprob
  std::optional<uint64_t> reuse;     // a retained conversation (see release) whose KV may share a prefix with this prompt;
                                     // the handle is used up. One that is gone is no error: the prompt is prefilled
};

// What one step brought to one sequence.
struct StepOutput {
  SequenceId sequence;
  std::optional<int32_t> id;         // an output token
  float logprob = 0;
  std::vector<TokenLogprob> top;
  FinishReason finish = FinishReason::kNone;
  uint32_t prompt_tokens = 0, cached_tokens = 0, prefilled = 0;  // progress of the prompt so far
};

// One thread at a time. `model` and `pool` outlive the engine.
class Engine {
 public:
  // Errors: kUsage: an option outside its range; kDoesNotFit when the pages cannot be reserved.
  static Result<std::unique_ptr<Engine>> create(Model& model, ThreadPool& pool, const EngineOptions& options);
  ~Engine();

  // Errors: kUsage: empty prompt, an id outside the vocabulary, bad sampling params; kDoesNotFit: prompt longer than the
  // context ("engine.prompt_too_long", both counts); kFailed: too many wait already.
  Result<SequenceId> submit(Request request);
  // Stops after the current step; the next step reports kCancelled.
  void cancel(SequenceId sequence);

  // One batch: decode tokens of all running sequences plus a chunk of prefill of waiting ones. Empty when idle.
  std::vector<StepOutput> step();
  bool idle() const;

  // After its end (nothing happens before), keeps a finished sequence's KV (prompt and output ids) for reuse under the returned
  // handle; frees it otherwise. At most `sequences` + 1 are kept; the oldest goes first, sooner when running sequences need
  // the pages. Nothing is returned where the KV is gone already.
  std::optional<uint64_t> release(SequenceId sequence, bool keep);
  void drop(uint64_t handle);

  // Logits of a stretch of text, outside the step loop: runs ids[0..n) from position 0 (or after the shared prefix with the
  // previous call of score(), whose KV is kept for that) and calls visit(i, logits) for each i in [first, n), where logits
  // (vocabulary) predict ids[i + 1]. Reuse changes no bit of the logits. Errors as submit().
  Status score(std::span<const int32_t> ids, uint32_t first,
               const std::function<void(uint32_t i, std::span<const float> logits)>& visit);

  // Costs and times of the passes to come are added to `into`, made for the pool's threads (model/pass_profile.h); null: no more.
  void profile(PassProfile* into);

  HeadScreenUse head_screen_use() const;

  const EngineOptions& options() const;
  const Model& model() const;

 private:
  Engine();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm
