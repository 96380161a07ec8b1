// A conversation -> prompt, for a model's template: what the template refuses (a system role) is folded in and said.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/template.h"

namespace slm::chat {

struct ChatMessage {
  std::string role;      // "system", "user", "assistant", "tool"
  std::string content;
  std::string tool_calls_json;  // assistant: an array as in the OpenAI API, or empty
};

struct RenderOptions {
  std::string bos_token, eos_token;   // texts of those tokens
  bool add_generation_prompt = true;
  std::string tools_json;             // an array of tool definitions, or empty
};

struct RenderedPrompt {
  std::vector<PromptPiece> pieces;
  bool system_folded = false;         // the template refused a system role: it was put before the first user turn
};

// Built-in templates by name ("chatml", "gemma", "llama3", "qwen2.5", "qwen3", "smollm2", "gemma2", "gemma3") for files that lack one.
std::optional<std::string_view> built_in_template(std::string_view name);
std::vector<std::string_view> built_in_template_names();

// Renders; when it fails with a system message present, tries again with the system text and a blank line put in front of the first
// user message. Consecutive roles and the rest are the template's affair.
Result<RenderedPrompt> render_prompt(const Template& compiled, const std::vector<ChatMessage>& messages,
                                     const RenderOptions& options);

}  // namespace slm::chat
