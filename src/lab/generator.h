// What a task with written answers needs of a model, beside Scorer: a prompt in, an answer out. An endpoint is one too.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/prompt.h"

namespace slm {
class Runtime;
struct OpenOptions;
}

namespace slm::lab {

// Either a conversation, for a model that talks by a chat template, or a text to continue.
struct GenerateRequest {
  std::vector<chat::ChatMessage> messages;  // empty: `text` is continued
  std::string text;
  uint32_t max_tokens = 512;
  std::vector<std::string> stop;            // not part of the answer
};

struct GeneratedAnswer {
  std::string text;
  bool truncated = false;                   // stopped at max_tokens or at the end of the context
  bool context_full = false;                // of those: the context ended first
  bool system_folded = false;               // no system role: its text went into the first user turn
  uint32_t prompt_tokens = 0, tokens = 0;
  double seconds = 0;                       // from the call to the last token
};

class Generator {
 public:
  virtual ~Generator() = default;
  // Takes conversations (an instruct model with a template); otherwise only texts to continue.
  virtual bool is_chat() const = 0;
  // What its answers depend on besides the request: the file's sha256, the template, how the cache of keys and values is kept. Answers of
  // generators with the same identity are the same; "" where that cannot be said (nothing is then kept).
  virtual std::string identity() const = 0;
  // Greedy. Errors: kDoesNotFit (the prompt alone is longer than the context), kNetwork (an endpoint), kFailed "lab.interrupted" once
  // `cancelled` (may be null) is set.
  virtual Result<GeneratedAnswer> generate(const GenerateRequest& request, const std::atomic<bool>* cancelled) = 0;
};

// What a model's likelihoods depend on: the file, how keys and values are kept, the kernels. `sha256` is the file's; "" gives "".
std::string likelihood_identity(const Runtime& runtime, const OpenOptions& options, std::string_view sha256);

class RuntimeGenerator : public Generator {
 public:
  // `options`: those `runtime` was opened with; `sha256`: of the model file, "" for unknown.
  RuntimeGenerator(Runtime& runtime, const OpenOptions& options, std::string_view sha256);
  bool is_chat() const override;
  std::string identity() const override;
  Result<GeneratedAnswer> generate(const GenerateRequest& request, const std::atomic<bool>* cancelled) override;

 private:
  Runtime& runtime_;
  std::string identity_;
};

}  // namespace slm::lab
