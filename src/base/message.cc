#include "base/message.h"

#include <atomic>
#include <cstdlib>
#include <unordered_map>

namespace slm {
namespace {

std::atomic<Language> g_language{Language::kEnglish};

const std::unordered_map<std::string_view, const TableEntry*>& index() {
  static const auto* const by_key = [] {
    auto* map = new std::unordered_map<std::string_view, const TableEntry*>;
    for (const TableEntry& entry : message_table()) map->emplace(entry.key, &entry);
    return map;
  }();
  return *by_key;
}

// Replaces "{N}" by args[N]; anything else is copied. The texts are ours, the arguments are not: they are never scanned.
std::string fill(std::string_view text, const std::vector<std::string>& args) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{' && i + 2 < text.size() && text[i + 2] == '}' && text[i + 1] >= '0' && text[i + 1] <= '9') {
      const size_t n = static_cast<size_t>(text[i + 1] - '0');
      if (n < args.size()) out += args[n];
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

const std::vector<TableEntry>& message_table() {
  static const std::vector<TableEntry> table = {
#define M(key, english, chinese) {key, english, chinese},
#include "base/messages/all.inc"
#undef M
  };
  return table;
}

std::string render(const Message& message, Language language) {
  if (message.empty()) return {};
  const auto found = index().find(message.key);
  if (found == index().end()) {
    std::string out(message.key);
    for (const std::string& arg : message.args) out += " " + arg;
    return out;
  }
  const TableEntry& entry = *found->second;
  return fill(language == Language::kChinese ? entry.chinese : entry.english, message.args);
}

void set_language(Language language) { g_language = language; }
Language language() { return g_language; }

Language language_from_environment() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return std::string_view(value).starts_with("zh") ? Language::kChinese : Language::kEnglish;
  }
  return Language::kEnglish;
}

}  // namespace slm
