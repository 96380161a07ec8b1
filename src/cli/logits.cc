#include "cli/logits.h"

#include <charconv>
#include <memory>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/conversation.h"
#include "cli/open_model.h"
#include "cli/prompt_text.h"

namespace slm::cli {
namespace {

struct LogitsFlags {
  ModelFlags model;
  std::string prompt, ids, encoding;
  bool special = false;
  uint32_t top = 10;
};

// "1,2,3"; spaces are allowed.
Result<std::vector<TokenId>> parse_ids(const std::string& text) {
  std::vector<TokenId> ids;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto skip_spaces = [&] { while (at < end && *at == ' ') ++at; };
  for (;;) {
    skip_spaces();
    TokenId id = 0;
    const auto [after, error] = std::from_chars(at, end, id);
    if (error != std::errc() || id < 0) return fail(ErrorKind::kUsage, "cli.bad_ids", at - text.data());
    ids.push_back(id);
    at = after;
    skip_spaces();
    if (at == end) return ids;
    if (*at++ != ',') return fail(ErrorKind::kUsage, "cli.bad_ids", at - 1 - text.data());
  }
}

Json as_json(std::span<const TokenId> ids, const std::vector<std::vector<TokenLogprob>>& tops) {
  Json positions = Json::array();
  for (size_t i = 0; i < ids.size(); ++i) {
    Json top = Json::array();
    for (const TokenLogprob& one : tops[i]) top.push_back(Json{{"id", one.id}, {"logprob", one.logprob}});
    positions.push_back(Json{{"id", ids[i]}, {"top", top}});
  }
  return Json{{"positions", positions}};
}

// The text of a token on one line.
std::string shown(const Tokenizer& tokenizer, TokenId id) {
  return to_text(Json(to_valid_utf8(tokenizer.bytes(id, true))));
}

void print_table(const Tokenizer& tokenizer, std::span<const TokenId> ids,
                 const std::vector<std::vector<TokenLogprob>>& tops) {
  for (size_t i = 0; i < ids.size(); ++i) {
    std::string line = fmt::format("{:>5}  {:>7} ", i, ids[i]) + shown(tokenizer, ids[i]) + "\n";
    for (const TokenLogprob& one : tops[i]) {
      line += fmt::format("        {:>9.4f}  {:>7} ", one.logprob, one.id) + shown(tokenizer, one.id) + "\n";
    }
    if (!write_out(line)) return;
  }
}

Status run(LogitsFlags& flags, bool has_prompt, bool has_ids, bool json) {
  if (has_prompt && has_ids) return fail(ErrorKind::kUsage, "cli.prompt_and_ids");
  if (flags.top == 0 || flags.top > limits::kMaxTopLogprobs) {
    return fail(ErrorKind::kUsage, "cli.bad_top", flags.top, limits::kMaxTopLogprobs);
  }
  std::vector<TokenId> ids;
  std::string text;
  if (has_ids) {
    SLM_TRY(parsed, parse_ids(flags.ids));
    ids = std::move(parsed);
  } else {
    SLM_TRY(piped, piped_text(flags.encoding));
    SLM_TRY(argument, decode_text(flags.prompt, flags.encoding, "PROMPT"));
    text = piped.value_or("") + argument;
    if (text.empty()) return fail_with_hint(ErrorKind::kUsage, msg("cli.empty_prompt"), msg("cli.give_prompt_or_ids"));
  }
  SLM_TRY(opened, resolve_and_open(flags.model, true));
  if (!has_ids) ids = opened.runtime->encode(text, flags.special);
  SLM_TRY(tops, opened.runtime->top_after_each(ids, flags.top));
  if (json) {
    print_json(as_json(ids, tops));
  } else {
    print_table(opened.runtime->tokenizer(), ids, tops);
  }
  return {};
}

}  // namespace

Run setup_logits(CLI::App& app) {
  const auto flags = std::make_shared<LogitsFlags>();
  add_model_flags(app, flags->model, false);
  CLI::Option* prompt = app.add_option("PROMPT", flags->prompt, tr("cli.logits.prompt"));
  CLI::Option* ids = app.add_option("--ids", flags->ids, tr("cli.flag.ids"))->type_name("1,2,3");
  app.add_option("--top", flags->top, tr("cli.flag.top"))->type_name("K");
  app.add_flag("--special", flags->special, tr("cli.flag.special_text"));
  app.add_option("--encoding", flags->encoding, tr("cli.flag.encoding"))->type_name("NAME");
  return [flags, prompt, ids](const Context& context) {
    return run(*flags, prompt->count() > 0, ids->count() > 0, context.json);
  };
}

}  // namespace slm::cli
