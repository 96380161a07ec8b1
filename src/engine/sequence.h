// What the engine knows of one sequence, from submit() to release().
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "model/kv.h"
#include "sampling/sampler.h"

namespace slm {

struct Sequence {
  enum class State : uint8_t { kWaiting, kRunning, kFinished };

  Sequence(SequenceId number, Request asked, const kernels::KernelTable& kernels, KvPool& pool)
      : id(number),
        request(std::move(asked)),
        sampler(kernels, request.sampling),
        ids(request.prompt),
        kv(std::make_unique<KvSequence>(pool)) {
    sampler.accept_prompt(request.prompt);
  }

  SequenceId id;
  Request request;
  Sampler sampler;
  std::vector<int32_t> ids;         // prompt and output; the first kv->length() of them are in the KV
  std::unique_ptr<KvSequence> kv;
  State state = State::kWaiting;
  bool cancelled = false;
  uint32_t cached = 0;              // prompt tokens whose KV came from an earlier sequence

  uint32_t n_prompt() const { return static_cast<uint32_t>(request.prompt.size()); }
  uint32_t n_output() const { return static_cast<uint32_t>(ids.size()) - n_prompt(); }
  uint32_t n_pending() const { return static_cast<uint32_t>(ids.size()) - kv->length(); }  // ids not in the KV yet
  bool decoding() const { return n_output() > 0; }
  // Whether another token may be sampled.
  bool has_room(uint32_t context) const { return n_output() < request.max_tokens && ids.size() < context; }

  void forget_kv() {
    kv->reset();
    cached = 0;
  }
};

}  // namespace slm
