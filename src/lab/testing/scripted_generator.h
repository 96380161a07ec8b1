// A model for tests that answers by a function; calls are remembered.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lab/generator.h"

namespace slm::lab::testing {

class ScriptedGenerator : public Generator {
 public:
  using Script = std::function<Result<GeneratedAnswer>(const GenerateRequest& request)>;
  explicit ScriptedGenerator(Script script, bool chat = true, std::string identity = "scripted")
      : script_(std::move(script)), chat_(chat), identity_(std::move(identity)) {}

  bool is_chat() const override { return chat_; }
  std::string identity() const override { return identity_; }
  Result<GeneratedAnswer> generate(const GenerateRequest& request, const std::atomic<bool>* cancelled) override {
    if (cancelled != nullptr && *cancelled) return fail(ErrorKind::kFailed, "lab.interrupted");
    calls.push_back(request);
    return script_(request);
  }

  std::vector<GenerateRequest> calls;

 private:
  Script script_;
  bool chat_;
  std::string identity_;
};

inline GeneratedAnswer answer_text(std::string text) {
  GeneratedAnswer answer;
  answer.text = std::move(text);
  answer.tokens = static_cast<uint32_t>(answer.text.size());
  return answer;
}

}  // namespace slm::lab::testing
