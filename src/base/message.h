// Texts for people. Each has a key and stands once, in English and in Chinese, in src/base/messages/ROOM.inc.
// Code passes a Message (key and arguments) along and renders it at the edge, so that an error made deep in
// gguf/ is shown in the user's language and written to JSON in English.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace slm {

enum class Language { kEnglish, kChinese };

// A text by its key; "{0}", "{1}" ... in the text stand for args. An empty key is no text.
struct Message {
  std::string_view key;  // points at a string literal
  std::vector<std::string> args;

  bool empty() const { return key.empty(); }
};

// msg("gguf.bad_magic", path, offset): arguments are formatted with fmt's defaults.
template <class... Args>
Message msg(std::string_view key, const Args&... args) {
  return Message{key, {fmt::format("{}", args)...}};
}

// The text in `language`; a key missing from the table renders as the key itself and its arguments
// (a test holds that no key is missing in either language). Never throws.
std::string render(const Message& message, Language language);

// The language texts are shown in: set once from --lang, else LC_ALL / LC_MESSAGES / LANG (zh* = Chinese).
void set_language(Language language);
Language language();
Language language_from_environment();

// The text in the language set for the process.
template <class... Args>
std::string tr(std::string_view key, const Args&... args) {
  return render(msg(key, args...), language());
}

// Every key of the table, for the test that each stands in both languages.
struct TableEntry {
  std::string_view key, english, chinese;
};
const std::vector<TableEntry>& message_table();

}  // namespace slm
