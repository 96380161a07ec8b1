#include "chat/prompt.h"

#include <algorithm>

#include "base/json.h"

namespace slm::chat {
namespace {

// OpenAI's API carries a call's arguments as JSON text; templates print them through tojson and want the object. Text that is
// no JSON object (a small model's slip, kept in the history) stays text.
void open_arguments(Json& tool_calls) {
  if (!tool_calls.is_array()) return;
  for (Json& call : tool_calls) {
    if (!call.is_object()) continue;
    Json& function = call.contains("function") && call["function"].is_object() ? call["function"] : call;
    if (!function.contains("arguments") || !function["arguments"].is_string()) continue;
    auto parsed = parse_json(function["arguments"].get_ref<const std::string&>());
    if (parsed && parsed->is_object()) function["arguments"] = std::move(*parsed);
  }
}

Result<Json> message_json(const ChatMessage& message) {
  Json json = Json::object();
  json["role"] = message.role;
  json["content"] = message.content;
  if (!message.tool_calls_json.empty()) {
    SLM_TRY(calls, parse_json(message.tool_calls_json));
    open_arguments(calls);
    json["tool_calls"] = std::move(calls);
  }
  return json;
}

Result<std::string> context_json(const std::vector<ChatMessage>& messages, const RenderOptions& options) {
  Json context = Json::object();
  context["messages"] = Json::array();
  for (const ChatMessage& message : messages) {
    SLM_TRY(json, message_json(message));
    context["messages"].push_back(std::move(json));
  }
  context["tools"] = nullptr;  // as transformers gives it when there are none
  if (!options.tools_json.empty()) {
    SLM_TRY(tools, parse_json(options.tools_json));
    if (!tools.empty()) context["tools"] = std::move(tools);
  }
  context["add_generation_prompt"] = options.add_generation_prompt;
  context["bos_token"] = options.bos_token;
  context["eos_token"] = options.eos_token;
  return slm::to_text(context);
}

Result<std::vector<PromptPiece>> render(const Template& compiled, const std::vector<ChatMessage>& messages,
                                        const RenderOptions& options) {
  SLM_TRY(context, context_json(messages, options));
  return compiled.render(context);
}

// The messages with all system texts in front of the first user's; nothing when there is none of either.
std::optional<std::vector<ChatMessage>> fold_system(const std::vector<ChatMessage>& messages) {
  std::string system;
  std::vector<ChatMessage> rest;
  for (const ChatMessage& message : messages) {
    if (message.role == "system") {
      if (!system.empty()) system += "\n\n";
      system += message.content;
    } else {
      rest.push_back(message);
    }
  }
  const auto user = std::find_if(rest.begin(), rest.end(), [](const ChatMessage& m) { return m.role == "user"; });
  if (rest.size() == messages.size() || user == rest.end()) return std::nullopt;
  if (!system.empty()) user->content = system + "\n\n" + user->content;
  return rest;
}

}  // namespace

Result<RenderedPrompt> render_prompt(const Template& compiled, const std::vector<ChatMessage>& messages,
                                     const RenderOptions& options) {
  auto pieces = render(compiled, messages, options);
  if (pieces) return RenderedPrompt{std::move(*pieces), false};
  const auto folded = fold_system(messages);
  if (!folded) return tl::unexpected<Error>(std::move(pieces).error());
  auto second = render(compiled, *folded, options);
  // What the template said about the messages as they were given is the better message.
  if (!second) return tl::unexpected<Error>(std::move(pieces).error());
  return RenderedPrompt{std::move(*second), true};
}

}  // namespace slm::chat
