// Any bytes as a chat template, rendered in a small conversation: an error or a text, never a crash or a hang.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "chat/prompt.h"
#include "chat/template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto compiled = slm::chat::Template::compile(source);
  if (!compiled) {
    SLM_CHECK(!compiled.error().text().empty());
    return 0;
  }
  slm::chat::RenderOptions options;
  options.bos_token = "<s>";
  options.tools_json = R"([{"type": "function", "function": {"name": "f", "parameters": {"p": {"type": "string"}}}}])";
  const auto prompt = slm::chat::render_prompt(
      **compiled,
      {{"system", "S", ""}, {"user", "caf\u00e9 \u65e5\u672c", ""}, {"assistant", "", R"([{"function": {"name": "f", "arguments": {"p": 1.5}}}])"},
       {"tool", "r", ""}},
      options);
  if (!prompt) SLM_CHECK(!prompt.error().text().empty());
  return 0;
}
