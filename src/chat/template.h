// Messages -> prompt text, by our own interpreter of the Jinja that chat templates use (trim_blocks, lstrip_blocks,
// loop controls, tojson without HTML escaping, as transformers sets it). Sandboxed: no files, no environment, no host
// objects; bounded in steps, depth and output (base/limits.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm::chat {

// A stretch of the prompt. Text that came from a message (user, tool result ...) must be tokenized without special
// tokens; the template's own text with them.
struct PromptPiece {
  std::string text;
  bool from_input = false;
};
std::string joined(const std::vector<PromptPiece>& pieces);

// Immutable once compiled; shared by threads.
class Template {
 public:
  // Errors: kCorrupt "chat.template_syntax" with line and message; too large; too deep.
  static Result<std::shared_ptr<const Template>> compile(std::string_view source);
  ~Template();

  // `context_json`: one JSON object, the variables of the template (messages, tools, add_generation_prompt, bos_token,
  // eos_token ...), key order kept. Errors: kFailed "chat.template_failed" with line and message (undefined attribute, a limit
  // reached ...), "chat.template_raised" with the text the template gave to raise_exception.
  Result<std::vector<PromptPiece>> render(std::string_view context_json) const;

 private:
  Template();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm::chat
