#include "cli/run.h"

#include <csignal>
#include <memory>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/machine.h"
#include "cli/chat.h"
#include "cli/conversation.h"
#include "cli/prompt_text.h"
#include "cli/sampling_flags.h"

namespace slm::cli {
namespace {

Json as_json(const Generation& generation) {
  const Timings& t = generation.timings;
  Json timings;
  timings["prompt_tokens"] = t.prompt_tokens;
  timings["cached_tokens"] = t.cached_tokens;
  timings["prompt_seconds"] = t.prompt_seconds;
  timings["tokens"] = t.tokens;
  timings["seconds"] = t.seconds;
  timings["first_token_seconds"] = t.first_token_seconds;
  Json json;
  json["prompt_ids"] = generation.prompt_ids;
  json["ids"] = generation.ids;
  json["text"] = generation.text;
  json["finish_reason"] = generation.finish_reason;
  json["timings"] = timings;
  const ProcessMemory memory = process_memory();
  json["peak_memory_bytes"] = memory.peak_bytes;
  json["anonymous_memory_bytes"] = memory.anonymous_bytes;
  json["file_memory_bytes"] = memory.file_bytes;
  return json;
}

// Stdin and PROMPT; nothing where there is neither and a chat can be held. What is piped comes first: PROMPT says what
// to do with it.
Result<std::optional<std::string>> whole_prompt(const RunFlags& flags, bool has_argument) {
  SLM_TRY(piped, piped_text(flags.encoding));
  std::string text = piped.value_or("");
  if (has_argument) {
    SLM_TRY(argument, decode_text(flags.prompt, flags.encoding, "PROMPT"));
    if (!text.empty() && !argument.empty()) text += flags.raw ? "" : "\n\n";
    text += argument;
  }
  if (!has_argument && !piped && isatty(STDIN_FILENO)) return std::nullopt;
  const bool blank = text.find_first_not_of(" \t\r\n") == std::string::npos;
  if (text.empty() || (blank && !flags.raw)) {
    return fail_with_hint(ErrorKind::kUsage, msg("cli.empty_prompt"), msg("cli.give_prompt"));
  }
  return std::optional<std::string>(std::move(text));
}

Status answer_once(OpenedModel& opened, RunFlags& flags, const std::string& prompt, bool json) {
  Conversation conversation(opened, flags);
  const bool terminal = isatty(STDOUT_FILENO);
  const OnText show = [&](std::string_view text) { return write_out(terminal ? terminal_safe(text) : std::string(text)); };
  SLM_TRY(generation, conversation.answer(prompt, json ? OnText() : show));
  if (json) {
    print_json(as_json(generation));
  } else {
    write_out("\n");
    if (flags.verbose) note(stats_line(generation));
  }
  if (interrupted()) {
    // Told to stop: what came so far is shown, and whoever started us learns that it was cut off.
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  return {};
}

Status run(RunFlags& flags, const GivenFlags& given, bool has_argument, bool json) {
  if (flags.raw && !flags.system.empty()) return fail(ErrorKind::kUsage, "cli.raw_has_no_system");
  SLM_TRY(system, decode_text(flags.system, flags.encoding, "--system"));
  flags.system = std::move(system);
  SLM_TRY(prompt, whole_prompt(flags, has_argument));
  if (!prompt && json) return fail_with_hint(ErrorKind::kUsage, msg("cli.json_needs_prompt"), msg("cli.give_prompt"));
  flags.model.may_pull = true;
  SLM_TRY(opened, resolve_and_open(flags.model));
  if (opened.resolved.entry != nullptr) apply_recommended(*opened.resolved.entry, given, opened.resolved.talks && !flags.raw, flags.generate);
  install_interrupt_handler();
  interrupted() = false;  // one that came during a pull that ended well all the same
  if (!prompt) return hold_chat(opened, flags);
  return answer_once(opened, flags, *prompt, json);
}

}  // namespace

Run setup_run(CLI::App& app) {
  const auto flags = std::make_shared<RunFlags>();
  add_model_flags(app, flags->model);
  CLI::Option* prompt = app.add_option("PROMPT", flags->prompt, tr("cli.run.prompt"));
  app.add_flag("--raw", flags->raw, tr("cli.flag.raw"));
  app.add_flag("--special", flags->special, tr("cli.flag.special"));
  app.add_option("--system", flags->system, tr("cli.flag.system"))->type_name("TEXT");
  add_sampling_flags(app, flags->generate);
  app.add_option("--encoding", flags->encoding, tr("cli.flag.encoding"))->type_name("NAME");
  app.add_flag("--verbose", flags->verbose, tr("cli.flag.verbose"));
  return [flags, prompt, &app](const Context& context) { return run(*flags, given_sampling_flags(app), prompt->count() > 0, context.json); };
}

}  // namespace slm::cli
