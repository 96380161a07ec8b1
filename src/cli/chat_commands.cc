#include "cli/chat_commands.h"

#include <charconv>
#include <functional>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"

namespace slm::cli {
namespace {

void say(const Message& message) { write_out(render(message, language()) + "\n"); }

template <class Number>
Status read_number(const std::string& name, const std::string& text, Number& out) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return fail(ErrorKind::kUsage, "cli.chat.bad_number", name, text);
  out = value;
  return {};
}

// What /set knows, by name.
struct Setting {
  std::string_view name;
  std::function<Status(GenerateOptions&, const std::string&)> set;
  std::function<std::string(const GenerateOptions&)> show;
};

template <class Number>
Setting sampling_setting(std::string_view name, Number SamplingParams::*member) {
  return {name,
          [name, member](GenerateOptions& options, const std::string& text) -> Status {
            SamplingParams changed = options.sampling;
            SLM_TRY_STATUS(read_number(std::string(name), text, changed.*member));
            SLM_TRY_STATUS(validate(changed));
            options.sampling = changed;
            return {};
          },
          [member](const GenerateOptions& options) { return fmt::format("{}", options.sampling.*member); }};
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = {
      sampling_setting("temperature", &SamplingParams::temperature),
      sampling_setting("top_k", &SamplingParams::top_k),
      sampling_setting("top_p", &SamplingParams::top_p),
      sampling_setting("min_p", &SamplingParams::min_p),
      sampling_setting("typical_p", &SamplingParams::typical_p),
      sampling_setting("repetition_penalty", &SamplingParams::repetition_penalty),
      sampling_setting("presence_penalty", &SamplingParams::presence_penalty),
      sampling_setting("frequency_penalty", &SamplingParams::frequency_penalty),
      sampling_setting("seed", &SamplingParams::seed),
      {"max_tokens",
       [](GenerateOptions& options, const std::string& text) -> Status {
         uint32_t value = 0;
         SLM_TRY_STATUS(read_number("max_tokens", text, value));
         if (value == 0) return fail(ErrorKind::kUsage, "runtime.no_tokens_asked");
         options.max_tokens = value;
         return {};
       },
       [](const GenerateOptions& options) { return std::to_string(options.max_tokens); }},
      {"stop",
       [](GenerateOptions& options, const std::string& text) -> Status {
         options.stop.clear();
         if (!text.empty()) options.stop.push_back(text);
         return {};
       },
       [](const GenerateOptions& options) { return options.stop.empty() ? "-" : options.stop.front(); }},
  };
  return all;
}

// "name value": the first word and the rest without the spaces between.
std::pair<std::string, std::string> first_word(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  const size_t end = std::min(text.find_first_of(" \t"), text.size());
  std::string_view rest = text.substr(end);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  while (rest.ends_with(' ') || rest.ends_with('\t')) rest.remove_suffix(1);
  return {std::string(text.substr(0, end)), std::string(rest)};
}

Status set(Conversation& conversation, const std::string& arguments) {
  const auto [name, value] = first_word(arguments);
  if (name.empty()) {
    for (const Setting& setting : settings()) {
      write_out("  " + pad_right(setting.name, 20) + setting.show(conversation.options()) + "\n");
    }
    return {};
  }
  std::vector<std::string> names;
  for (const Setting& setting : settings()) {
    if (setting.name == name) return setting.set(conversation.options(), value);
    names.emplace_back(setting.name);
  }
  const auto near = nearest_spelling(name, names);
  return fail_with_hint(ErrorKind::kUsage, msg("cli.chat.no_setting", name),
                        near ? msg("cli.did_you_mean", *near) : msg("cli.chat.list_settings"));
}

Status save(const Conversation& conversation, const std::string& path) {
  if (path.empty()) return fail(ErrorKind::kUsage, "cli.chat.needs_file", "/save");
  Json messages = Json::array();
  for (const chat::ChatMessage& message : conversation.messages()) {
    messages.push_back(Json{{"role", message.role}, {"content", message.content}});
  }
  Json document;
  document["model"] = conversation.model().stored.name;
  document["messages"] = messages;
  SLM_TRY_STATUS(write_file_atomically(path, to_text(document, 2) + "\n"));
  say(msg("cli.chat.saved", conversation.messages().size(), path));
  return {};
}

Status load(Conversation& conversation, const std::string& path) {
  if (path.empty()) return fail(ErrorKind::kUsage, "cli.chat.needs_file", "/load");
  SLM_TRY(text, read_text_file(path, limits::kJsonMaxBytes));
  SLM_TRY(document, parse_json(text));
  if (!document.is_object() || !document.contains("messages") || !document["messages"].is_array()) {
    return fail(ErrorKind::kCorrupt, "cli.chat.not_a_chat", path);
  }
  std::vector<chat::ChatMessage> messages;
  for (const Json& one : document["messages"]) {
    const bool whole = one.is_object() && one.contains("role") && one["role"].is_string() && one.contains("content") &&
                       one["content"].is_string();
    if (!whole) return fail(ErrorKind::kCorrupt, "cli.chat.not_a_chat", path);
    messages.push_back({one["role"].get<std::string>(), one["content"].get<std::string>(), {}});
  }
  conversation.set_messages(std::move(messages));
  say(msg("cli.chat.loaded", conversation.messages().size(), path));
  return {};
}

void show(Conversation& conversation, const std::optional<Generation>& last) {
  const ModelFacts& facts = conversation.model().facts;
  say(msg("cli.chat.show_model", conversation.model().stored.name, facts.architecture, facts.quantization.text(),
          conversation.runtime().memory_plan().context));
  if (!conversation.system().empty()) say(msg("cli.chat.show_system", terminal_safe(conversation.system())));
  say(msg("cli.chat.show_messages", conversation.messages().size()));
  if (last) say(stats_line(*last));
}

}  // namespace

Result<ChatVerdict> run_chat_command(Conversation& conversation, const std::string& line,
                                     const std::optional<Generation>& last) {
  const auto [command, arguments] = first_word(line);
  if (command == "/bye" || command == "/exit" || command == "/quit") return ChatVerdict::kLeave;
  if (command == "/help" || command == "/?") {
    say(msg("cli.chat.help"));
  } else if (command == "/set") {
    SLM_TRY_STATUS(set(conversation, arguments));
  } else if (command == "/system") {
    conversation.set_system(arguments);
    say(arguments.empty() ? msg("cli.chat.system_gone") : msg("cli.chat.system_set"));
  } else if (command == "/save") {
    SLM_TRY_STATUS(save(conversation, arguments));
  } else if (command == "/load") {
    SLM_TRY_STATUS(load(conversation, arguments));
  } else if (command == "/clear") {
    conversation.clear();
    say(msg("cli.chat.cleared"));
  } else if (command == "/show") {
    show(conversation, last);
  } else {
    const auto near = nearest_spelling(command, {"/help", "/set", "/system", "/save", "/load", "/clear", "/show", "/bye"});
    return fail_with_hint(ErrorKind::kUsage, msg("cli.chat.no_command", command),
                          near ? msg("cli.did_you_mean", *near) : msg("cli.chat.see_help"));
  }
  return ChatVerdict::kGoOn;
}

}  // namespace slm::cli
