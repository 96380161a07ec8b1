// What a measurement of likelihood needs of a model, and nothing more: tests stand in for it, an endpoint may one day.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/message.h"
#include "base/result.h"

namespace slm {
class Runtime;
}

namespace slm::lab {

using TokenId = int32_t;

class Scorer {
 public:
  virtual ~Scorer() = default;
  // Text -> ids, BOS first where the model adds one; texts of special tokens stay text.
  virtual std::vector<TokenId> encode(std::string_view text) const = 0;
  // Logprob of ids[i] given ids[0..i) for each i in [first, ids.size()); first >= 1. A prefix shared with the call
  // before is not computed again.
  virtual Result<std::vector<float>> score(std::span<const TokenId> ids, uint32_t first) = 0;
  // The token every text starts with; nothing where the model adds none.
  virtual std::optional<TokenId> added_bos() const = 0;
  virtual size_t byte_length(TokenId id) const = 0;  // bytes of text the token stands for
  virtual uint32_t context() const = 0;              // most ids a call may hold
};

class RuntimeScorer : public Scorer {
 public:
  explicit RuntimeScorer(Runtime& runtime) : runtime_(runtime) {}
  std::vector<TokenId> encode(std::string_view text) const override;
  Result<std::vector<float>> score(std::span<const TokenId> ids, uint32_t first) override;
  std::optional<TokenId> added_bos() const override;
  size_t byte_length(TokenId id) const override;
  uint32_t context() const override;

 private:
  Runtime& runtime_;
};

// The logprobs of `continuation` after `context`: the ids scored are those of context + continuation after the first
// len(encode(context)), set behind encode(context) itself, as lm-evaluation-harness has it.
// Errors: kDoesNotFit (longer than the model's context, both counts), kFailed (no id is left for the continuation).
Result<std::vector<float>> score_continuation(Scorer& scorer, std::string_view context, std::string_view continuation);

// How far along a measurement is. `running`: what is known so far, may be empty.
struct Progress {
  Message stage;
  uint64_t done = 0, total = 0;
  std::string running;
};

// How a long measurement talks to whoever started it.
struct Watch {
  std::function<void(const Progress& progress)> on_progress;  // may be empty
  const std::atomic<bool>* cancelled = nullptr;               // may be set by a signal handler

  void report(const Progress& progress) const {
    if (on_progress) on_progress(progress);
  }
  // Error kFailed "lab.interrupted" once cancelled.
  Status check() const;
};

}  // namespace slm::lab
