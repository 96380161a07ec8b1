#include "cli/conversation.h"

#include <algorithm>

#include "base/machine.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/script.h"

namespace slm::cli {

Conversation::Conversation(OpenedModel& opened, RunFlags& flags)
    : opened_(opened), flags_(flags), talks_(opened.resolved.talks && !flags.raw) {
  set_system(flags.system);
}

std::string Conversation::system() const {
  return !messages_.empty() && messages_.front().role == "system" ? messages_.front().content : "";
}

void Conversation::set_system(const std::string& text) {
  if (!messages_.empty() && messages_.front().role == "system") messages_.erase(messages_.begin());
  if (!text.empty()) messages_.insert(messages_.begin(), {"system", text, {}});
}

void Conversation::clear() {
  const std::string kept = system();
  messages_.clear();
  set_system(kept);
}

void Conversation::warn_of_language(const std::string& text) {
  const hub::CatalogueEntry* entry = opened_.resolved.entry;
  if (said_language_ || entry == nullptr || entry->languages.empty()) return;
  const std::string seen = language_by_script(text);
  if (seen.empty() || std::find(entry->languages.begin(), entry->languages.end(), seen) != entry->languages.end()) return;
  std::string known;
  for (const std::string& language : entry->languages) {
    known += (known.empty() ? "" : ", ") + tr(language_name_key(language));
  }
  note(msg("cli.language_not_listed", entry->name, tr(language_name_key(seen)), known));
  said_language_ = true;
}

Result<Generation> Conversation::answer(const std::string& text, const OnText& on_text) {
  warn_of_language(text);
  GenerateOptions options = flags_.generate;
  options.sampling.seed += turns_;  // a question asked again in one chat is drawn anew
  std::vector<TokenId> ids;
  if (talks_) {
    messages_.push_back({"user", text, {}});
    auto prompt = runtime().encode_chat(messages_);
    if (!prompt) {
      messages_.pop_back();
      return tl::unexpected<Error>(prompt.error());
    }
    if (prompt->system_folded && !said_folded_) {
      note(msg("cli.system_folded"));
      said_folded_ = true;
    }
    ids = std::move(prompt->ids);
  } else {
    if (!opened_.resolved.is_instruct() && !flags_.raw && !said_base_) {
      note(msg("cli.continues_text", opened_.resolved.stored.name));
      said_base_ = true;
    }
    ids = runtime().encode(text, flags_.special);
  }
  auto generation = runtime().generate(ids, options, on_text, &interrupted());
  if (!generation) {
    if (talks_) messages_.pop_back();
    return generation;
  }
  ++turns_;
  if (talks_) messages_.push_back({"assistant", generation->text, {}});
  return generation;
}

std::string terminal_safe(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) {
      ++i;
    } else if ((byte >= 0x20 && byte != 0x7F) || byte == '\n' || byte == '\t') {
      out += text[i];
    }
  }
  return out;
}

Message stats_line(const Generation& generation) {
  const Timings& t = generation.timings;
  const uint32_t prefilled = t.prompt_tokens - t.cached_tokens;
  const auto rate = [](uint32_t tokens, double seconds) {
    return seconds > 0 ? fmt::format("{:.1f}", tokens / seconds) : std::string("-");
  };
  // The first token came with the prefill.
  const uint32_t decoded = t.tokens > 0 ? t.tokens - 1 : 0;
  return msg("cli.stats", prefilled, rate(prefilled, t.prompt_seconds), t.cached_tokens, t.tokens, rate(decoded, t.seconds),
             fmt::format("{:.3f}", t.first_token_seconds), format_bytes(process_memory().peak_bytes));
}

}  // namespace slm::cli
