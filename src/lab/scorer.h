// What a measurement of likelihood needs of a model, and nothing more: tests stand in for it, and endpoints that tell logprobs.
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

// How likely a text is after another.
class ContinuationScorer {
 public:
  virtual ~ContinuationScorer() = default;
  // The logprob of each token of `continuation` after `context`. `cancelled` may be null: an endpoint that takes its time looks at it.
  // Errors: kDoesNotFit (longer than the model's context), kFailed (no token is left for the continuation; cancelled), kNetwork (an
  // endpoint's failure; kTokenStraddles where one of its tokens holds the end of the context and the beginning of the continuation),
  // kNotFound (an endpoint that tells no logprobs).
  virtual Result<std::vector<float>> score_after(std::string_view context, std::string_view continuation,
                                                 const std::atomic<bool>* cancelled = nullptr) = 0;
};
// The message of the error that is the tokens', not the endpoint's fault: such an item is counted apart, and not graded.
inline constexpr std::string_view kTokenStraddles = "lab.endpoint.straddles";

// By ids: of a model on this machine.
class Scorer : public ContinuationScorer {
 public:
  // Text -> ids, BOS first where the model adds one; texts of special tokens stay text.
  virtual std::vector<TokenId> encode(std::string_view text) const = 0;
  // Logprob of ids[i] given ids[0..i) for each i in [first, ids.size()); first >= 1. A prefix shared with the call
  // before is not computed again.
  virtual Result<std::vector<float>> score(std::span<const TokenId> ids, uint32_t first) = 0;
  // The token every text starts with; nothing where the model adds none.
  virtual std::optional<TokenId> added_bos() const = 0;
  virtual size_t byte_length(TokenId id) const = 0;  // bytes of text the token stands for
  virtual uint32_t context() const = 0;              // most ids a call may hold
  // The ids scored are those of context + continuation after the first len(encode(context)), set behind encode(context) itself, as
  // lm-evaluation-harness has it. The error kDoesNotFit names both counts.
  Result<std::vector<float>> score_after(std::string_view context, std::string_view continuation,
                                         const std::atomic<bool>* cancelled = nullptr) override;
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

// How far along a measurement is. `running`: what is known so far, may be empty.
struct Progress {
  Message stage;
  uint64_t done = 0, total = 0;
  std::string running = {};
  uint64_t row = 0, rows = 0;   // of tasks: items are counted, of which row (from 1) of how many; 0: something else is counted
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
