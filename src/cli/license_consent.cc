#include "cli/license_consent.h"

#include <unistd.h>

#include <cctype>
#include <cstdio>

#include "base/text.h"
#include "cli/hub_progress.h"

namespace slm::cli {
namespace {

constexpr int kMostQuestions = 20;  // of one dialogue, should the answers make no sense
constexpr size_t kLongestAnswer = 256;

std::string trimmed_lower(const std::string& line) {
  std::string out;
  for (const char c : line) {
    if (!std::isspace(static_cast<unsigned char>(c))) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

// What the terms ask for, in short: the catalogue has it.
std::string three_lines(const hub::CatalogueEntry& entry) {
  return tr("hub.terms.line1", entry.name, entry.license) + "\n" + printable(entry.terms_in(language())) + "\n" +
         tr("hub.terms.line3", printable(entry.license_url)) + "\n";
}

}  // namespace

Status ask_for_consent(hub::Store& store, const hub::CatalogueEntry& entry, const ConsentDialogue& dialogue) {
  if (entry.license_key.empty()) return {};
  if (store.accepted(entry.license_key)) return store.accept(entry.license_key);
  if (!dialogue.terminal) {
    return fail_with_hint(ErrorKind::kUsage, msg("hub.license_needed", entry.name, entry.license), msg("hub.how_to_accept", entry.license_key));
  }
  dialogue.show(three_lines(entry));
  for (int i = 0; i < kMostQuestions; ++i) {
    dialogue.show(tr("hub.license.question"));
    const auto line = dialogue.answer();
    if (!line) break;
    const std::string answer = trimmed_lower(*line);
    if (answer == "y" || answer == "yes" || answer == "\xE6\x98\xAF" || answer == "\xE5\x90\x8C\xE6\x84\x8F") {
      return store.accept(entry.license_key);
    }
    if (answer == "t") {
      const auto text = dialogue.full_text();
      dialogue.show(text ? "\n" + *text + "\n" : text.error().text() + "\n");
    } else if (answer.empty() || answer == "n" || answer == "no" || answer == "\xE5\x90\xA6") {
      break;
    }
  }
  return fail_with_hint(ErrorKind::kFailed, msg("hub.license_refused", entry.name, entry.license), msg("hub.nothing_fetched"));
}

Status ask_for_consent(hub::Store& store, const hub::CatalogueEntry& entry) {
  ConsentDialogue dialogue;
  dialogue.terminal = isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0;
  dialogue.show = [](const std::string& text) {
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
  };
  dialogue.answer = []() -> std::optional<std::string> {
    char line[kLongestAnswer];
    if (std::fgets(line, sizeof(line), stdin) == nullptr) return std::nullopt;
    return std::string(line);
  };
  dialogue.full_text = [&] {
    HubProgress progress;
    return store.license_text(entry, progress.callback());
  };
  return ask_for_consent(store, entry, dialogue);
}

}  // namespace slm::cli
