// A model, what was said so far, and the next answer: shared by one-shot runs and the chat.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/open_model.h"
#include "cli/sampling_flags.h"

namespace slm::cli {

struct RunFlags {
  ModelFlags model;
  GenerateOptions generate = default_generate_options();
  bool raw = false;
  bool special = false;      // control tokens' texts in a raw prompt become tokens
  bool verbose = false;      // speeds and peak memory on stderr at the end
  std::string system;
  std::string encoding;
  std::string prompt;
};

class Conversation {
 public:
  // `opened` and `flags` outlive it.
  Conversation(OpenedModel& opened, RunFlags& flags);

  // By the model's template; else the text is continued.
  bool talks() const { return talks_; }
  Runtime& runtime() { return *opened_.runtime; }
  const ResolvedModel& model() const { return opened_.resolved; }
  GenerateOptions& options() { return flags_.generate; }

  const std::vector<chat::ChatMessage>& messages() const { return messages_; }
  void set_messages(std::vector<chat::ChatMessage> messages) { messages_ = std::move(messages); }
  std::string system() const;
  void set_system(const std::string& text);  // "" takes it away
  void clear();                              // all but the system text

  // Answers (or continues) `text`; what the answer is, also cut off by the user, becomes part of the conversation. An error
  // leaves the conversation as it was. Says on stderr, each once: that a base model continues text, that the system text
  // was folded into the first turn, that the text's language is not one of the model's.
  Result<Generation> answer(const std::string& text, const OnText& on_text);

 private:
  void warn_of_language(const std::string& text);

  OpenedModel& opened_;
  RunFlags& flags_;
  bool talks_;
  std::vector<chat::ChatMessage> messages_;
  uint64_t turns_ = 0;
  bool said_base_ = false, said_folded_ = false, said_language_ = false;
};

// What a terminal may be shown of a model's text: control characters (escape sequences among them) taken out.
std::string terminal_safe(std::string_view text);

// "prefill 12 tokens ... , decode ..." for people.
Message stats_line(const Generation& generation);

}  // namespace slm::cli
