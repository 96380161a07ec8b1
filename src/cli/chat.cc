#include "cli/chat.h"

#include <optional>
#include <unistd.h>

#include "base/limits.h"
#include "cli/chat_commands.h"
#include "cli/command.h"
#include "cli/line_editor.h"
#include "cli/prompt_text.h"

namespace slm::cli {
namespace {

constexpr std::string_view kQuotes = "\"\"\"";

void show_error(const Error& error) {
  note(error.message);
  if (!error.hint.empty()) note(error.hint);
}

// One entry: a line, or several between triple quotes. Nothing at the end of input or when it was thrown away (`ended` tells).
std::optional<std::string> read_entry(LineEditor& editor, bool& ended) {
  ended = false;
  std::string line;
  switch (editor.read(">>> ", line)) {
    case LineEditor::Outcome::kEnd:
      ended = true;
      return std::nullopt;
    case LineEditor::Outcome::kInterrupted:
      write_out("\n");
      if (line.empty()) note(msg("cli.chat.how_to_leave"));
      return std::nullopt;
    case LineEditor::Outcome::kLine:
      break;
  }
  if (line.find_first_not_of(" \t") == std::string::npos) return std::nullopt;
  if (!line.starts_with(kQuotes)) {
    editor.remember(line);
    return line;
  }
  std::string text = line.substr(kQuotes.size());
  while (!text.ends_with(kQuotes)) {
    if (text.size() > limits::kMaxPromptBytes || editor.read("... ", line) != LineEditor::Outcome::kLine) {
      write_out("\n");
      return std::nullopt;
    }
    text += "\n" + line;
  }
  text.resize(text.size() - kQuotes.size());
  // The line feeds beside the quotes belong to the quotes.
  if (text.starts_with('\n')) text.erase(0, 1);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::optional<Generation> answer(Conversation& conversation, const std::string& text) {
  const bool terminal = isatty(STDOUT_FILENO);
  const OnText show = [&](std::string_view piece) {
    return write_out(terminal ? terminal_safe(piece) : std::string(piece));
  };
  interrupted() = false;
  auto generation = conversation.answer(text, show);
  interrupted() = false;
  if (!generation) {
    show_error(generation.error());
    return std::nullopt;
  }
  write_out("\n");
  if (generation->finish_reason == "cancelled") note(msg("cli.chat.stopped"));
  if (generation->finish_reason == "length") note(msg("cli.chat.length", generation->timings.tokens));
  return *std::move(generation);
}

}  // namespace

Status hold_chat(OpenedModel& opened, RunFlags& flags) {
  Conversation conversation(opened, flags);
  LineEditor editor;
  note(msg(conversation.talks() ? "cli.chat.welcome" : "cli.chat.welcome_raw", opened.resolved.stored.name));
  std::optional<Generation> last;
  while (output_error() == 0) {
    bool ended = false;
    const std::optional<std::string> entry = read_entry(editor, ended);
    if (ended) break;
    if (!entry) continue;
    if (entry->starts_with("/")) {
      const auto verdict = run_chat_command(conversation, *entry, last);
      if (!verdict) show_error(verdict.error());
      if (verdict && *verdict == ChatVerdict::kLeave) return {};
      continue;
    }
    if (auto generation = answer(conversation, *entry)) {
      if (flags.verbose) note(stats_line(*generation));
      last = std::move(generation);
    }
  }
  write_out("\n");
  return {};
}

}  // namespace slm::cli
