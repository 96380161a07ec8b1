// Messages -> prompt text, by our own interpreter of the Jinja that chat templates use (trim_blocks, lstrip_blocks,
// loop controls, tojson without HTML escaping, as transformers sets it). Sandboxed: no files, no environment, no host
// objects; bounded in steps, depth and output (base/limits.h). docs/templates.md lists what it knows.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm::chat {

// A stretch of the prompt. Text that came from a message (user, tool result ...) must be tokenized without special
// tokens; the template's own text with them. Pieces are stretches of one text: tokenize the text between two special
// tokens as a whole, across pieces.
struct PromptPiece {
  std::string text;
  bool from_input = false;
};
std::string joined(const std::vector<PromptPiece>& pieces);

// Immutable once compiled; shared by threads.
class Template {
 public:
  // Errors: kCorrupt "chat.template_..." with the line first and what is wrong there: syntax, unknown tags, filters and tests, too
  // large, too deep, not UTF-8.
  static Result<std::shared_ptr<const Template>> compile(std::string_view source);
  ~Template();

  // `context_json`: one JSON object, the variables of the template (messages, tools, add_generation_prompt, bos_token,
  // eos_token ...), key order kept. `now`: what strftime_now() shows; nullptr: the local time. Errors: kFailed
  // "chat.template_..." with the line first (undefined attribute, a limit reached ...); "chat.template_raised" with the line and the
  // text the template gave to raise_exception.
  Result<std::vector<PromptPiece>> render(std::string_view context_json, const std::tm* now = nullptr) const;

 private:
  Template();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm::chat
