// Templates for files that lack one: the turn formats the families were trained on, in our own words.
#include "chat/prompt.h"

namespace slm::chat {
namespace {

struct BuiltIn {
  std::string_view name;
  std::string source;
};

constexpr std::string_view kChatml = R"jinja({%- for message in messages %}
{{- '<|im_start|>' ~ message.role ~ '\n' ~ message.content ~ '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})jinja";

// ChatML with SmolLM2's default system turn.
constexpr std::string_view kSmollm2 = R"jinja({%- if messages and messages[0].role != 'system' %}
{{- '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
{{- '<|im_start|>' ~ message.role ~ '\n' ~ message.content ~ '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})jinja";

// Gemma 1 and 2: no system turn, user and model in turn.
constexpr std::string_view kGemma = R"jinja({{ bos_token }}
{%- for message in messages %}
{%- if message.role == 'system' %}{{ raise_exception('the model has no system role') }}{% endif %}
{%- if (loop.index0 % 2 == 0) != (message.role == 'user') %}
{{- raise_exception('turns must alternate between user and assistant, the user first') }}
{%- endif %}
{{- '<start_of_turn>' ~ ('model' if message.role == 'assistant' else message.role) ~ '\n' }}
{{- message.content | trim ~ '<end_of_turn>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %})jinja";

// Gemma 3: the same turns; a system text goes in front of the first user's.
constexpr std::string_view kGemma3 = R"jinja({{ bos_token }}
{%- set ns = namespace(prefix='') %}
{%- set turns = messages %}
{%- if messages and messages[0].role == 'system' %}
{%- set ns.prefix = messages[0].content ~ '\n\n' %}
{%- set turns = messages[1:] %}
{%- endif %}
{%- for message in turns %}
{%- if (loop.index0 % 2 == 0) != (message.role == 'user') %}
{{- raise_exception('turns must alternate between user and assistant, the user first') }}
{%- endif %}
{{- '<start_of_turn>' ~ ('model' if message.role == 'assistant' else message.role) ~ '\n' }}
{{- ns.prefix if loop.first }}
{{- message.content | trim ~ '<end_of_turn>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %})jinja";

constexpr std::string_view kLlama3 = R"jinja({{ bos_token }}
{%- for message in messages %}
{{- '<|start_header_id|>' ~ ('ipython' if message.role == 'tool' else message.role) ~ '<|end_header_id|>\n\n' }}
{%- if message.tool_calls %}
{%- set call = message.tool_calls[0].function or message.tool_calls[0] %}
{{- '{"name": ' ~ call.name | tojson ~ ', "parameters": ' ~ call.arguments | tojson ~ '}' }}
{%- else %}
{{- message.content | trim }}
{%- endif %}
{{- '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %})jinja";

// What Qwen 2.5 and 3 were trained to read about tools (their published format, word for word: other words are another prompt).
constexpr std::string_view kQwenTools = R"jinja({{- "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n" }}
{{- "You are provided with function signatures within <tools></tools> XML tags:\n<tools>" }}
{%- for tool in tools %}{{ '\n' ~ tool | tojson }}{% endfor %}
{{- "\n</tools>\n\nFor each function call, return a json object with function name and arguments within " }}
{{- "<tool_call></tool_call> XML tags:\n<tool_call>\n" }}
{{- '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call><|im_end|>\n' }})jinja";

constexpr std::string_view kQwenToolResult = R"jinja({%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}{{ '<|im_start|>user' }}{% endif %}
{{- '\n<tool_response>\n' ~ message.content ~ '\n</tool_response>' }}
{%- if loop.last or loop.nextitem.role != 'tool' %}{{ '<|im_end|>\n' }}{% endif %})jinja";

// TOOLS and TOOL_RESULT stand for the two texts above.
constexpr std::string_view kQwen25 = R"jinja({%- set has_system = messages and messages[0].role == 'system' %}
{%- set system = messages[0].content if has_system else
    'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' %}
{{- '<|im_start|>system\n' ~ system }}
{%- if tools %}
{{- '\n\n' }}
TOOLS
{%- else %}
{{- '<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'tool' %}
TOOL_RESULT
{%- elif message.role == 'assistant' and message.tool_calls %}
{{- '<|im_start|>assistant' }}
{{- '\n' ~ message.content if message.content }}
{%- for call in message.tool_calls %}
{%- set call = call.function or call %}
{{- '\n<tool_call>\n{"name": "' ~ call.name ~ '", "arguments": ' ~ call.arguments | tojson ~ '}\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\n' }}
{%- elif not (loop.first and has_system) %}
{{- '<|im_start|>' ~ message.role ~ '\n' ~ message.content ~ '<|im_end|>\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})jinja";

// Thoughts are shown only in the turns after the last question of the user.
constexpr std::string_view kQwen3 = R"jinja({%- set has_system = messages and messages[0].role == 'system' %}
{%- if tools %}
{{- '<|im_start|>system\n' }}
{{- messages[0].content ~ '\n\n' if has_system }}
TOOLS
{%- elif has_system %}
{{- '<|im_start|>system\n' ~ messages[0].content ~ '<|im_end|>\n' }}
{%- endif %}
{%- set ns = namespace(question=messages | length - 1) %}
{%- for message in messages | reverse %}
{%- if message.role == 'user' and not (message.content.startswith('<tool_response>')
                                       and message.content.endswith('</tool_response>')) %}
{%- set ns.question = loop.revindex0 %}
{%- break %}
{%- endif %}
{%- endfor %}
{%- for message in messages %}
{%- if message.role == 'tool' %}
TOOL_RESULT
{%- elif message.role == 'assistant' %}
{%- set content = message.content %}
{%- set thought = message.reasoning_content or '' %}
{%- if not thought and '</think>' in content %}
{%- set thought = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
{%- set content = content.split('</think>')[-1].lstrip('\n') %}
{%- endif %}
{{- '<|im_start|>assistant\n' }}
{%- if loop.index0 > ns.question and (loop.last or thought) %}
{{- '<think>\n' ~ thought.strip('\n') ~ '\n</think>\n\n' ~ content.lstrip('\n') }}
{%- else %}
{{- content }}
{%- endif %}
{%- for call in message.tool_calls or [] %}
{{- '\n' if content or not loop.first }}
{%- set call = call.function or call %}
{{- '<tool_call>\n{"name": "' ~ call.name ~ '", "arguments": ' }}
{{- call.arguments if call.arguments is string else call.arguments | tojson }}
{{- '}\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\n' }}
{%- elif not (loop.first and has_system) %}
{{- '<|im_start|>' ~ message.role ~ '\n' ~ message.content ~ '<|im_end|>\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\n' }}
{%- if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}
{%- endif %})jinja";

std::string qwen(std::string_view source) {
  std::string out(source);
  for (const auto& [mark, text] : {std::pair{std::string_view("\nTOOLS\n"), kQwenTools},
                                   std::pair{std::string_view("\nTOOL_RESULT\n"), kQwenToolResult}}) {
    const size_t at = out.find(mark);
    SLM_CHECK(at != std::string::npos);
    out.replace(at + 1, mark.size() - 2, text);
  }
  return out;
}

const std::vector<BuiltIn>& built_ins() {
  static const std::vector<BuiltIn> table = {
      {"chatml", std::string(kChatml)}, {"gemma", std::string(kGemma)},   {"gemma2", std::string(kGemma)},
      {"gemma3", std::string(kGemma3)}, {"llama3", std::string(kLlama3)}, {"qwen2.5", qwen(kQwen25)},
      {"qwen3", qwen(kQwen3)},          {"smollm2", std::string(kSmollm2)},
  };
  return table;
}

}  // namespace

std::optional<std::string_view> built_in_template(std::string_view name) {
  for (const BuiltIn& built_in : built_ins()) {
    if (built_in.name == name) return built_in.source;
  }
  return std::nullopt;
}

std::vector<std::string_view> built_in_template_names() {
  std::vector<std::string_view> names;
  for (const BuiltIn& built_in : built_ins()) names.push_back(built_in.name);
  return names;
}

}  // namespace slm::chat
