// The message table: complete in both languages, and in step with the code that uses it.
#include "base/message.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"

namespace slm {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::multiset<char> placeholders(std::string_view text) {
  std::multiset<char> found;
  for (size_t i = 0; i + 2 < text.size(); ++i) {
    if (text[i] == '{' && text[i + 2] == '}') found.insert(text[i + 1]);
  }
  return found;
}

// A string literal of a source file, with the code before it (blanks left out).
struct Literal {
  std::string text, before, file;
};

// Literals of C++ source, comments skipped.
void collect_literals(const std::string& source, const std::string& file, std::vector<Literal>& out) {
  std::string code;
  for (size_t i = 0; i < source.size(); ++i) {
    const char c = source[i];
    if (source.compare(i, 2, "//") == 0) {
      i = std::min(source.find('\n', i), source.size());
    } else if (source.compare(i, 2, "/*") == 0) {
      i = std::min(source.find("*/", i), source.size() - 2) + 1;
    } else if (c == '\'' && (code.empty() || !std::isalnum(static_cast<unsigned char>(code.back())))) {
      for (++i; i < source.size() && source[i] != '\''; ++i) i += source[i] == '\\';
    } else if (c == '"' && !code.empty() && code.back() == 'R') {
      const size_t open = source.find('(', i);
      const std::string end = ")" + source.substr(i + 1, open - i - 1) + "\"";
      i = std::min(source.find(end, open), source.size() - end.size()) + end.size() - 1;
    } else if (c == '"') {
      std::string text;
      for (++i; i < source.size() && source[i] != '"'; ++i) {
        if (source[i] == '\\') text += source[i++];
        text += source[i];
      }
      out.push_back({text, code.substr(code.size() > 80 ? code.size() - 80 : 0), file});
      code += "\"\"";
    } else if (!std::isspace(static_cast<unsigned char>(c))) {
      code += c;
    }
  }
}

std::vector<Literal> source_literals() {
  std::vector<Literal> literals;
  for (const char* top : {"src", "tools", "bench"}) {
    const std::filesystem::path directory = std::filesystem::path(SLM_SOURCE_DIR) / top;
    if (!std::filesystem::exists(directory)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
      const std::string name = entry.path().filename().string(), extension = entry.path().extension().string();
      const bool for_tests = name.ends_with("_test.cc") || entry.path().parent_path().filename() == "testing";
      if ((extension != ".cc" && extension != ".h") || for_tests) continue;
      collect_literals(read(entry.path()), entry.path().string(), literals);
    }
  }
  return literals;
}

bool looks_like_key(const std::string& text) {
  if (text.find('.') == std::string::npos || text.starts_with(".") || text.ends_with(".")) return false;
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string::npos;
}

// The literal is the key argument of a call that takes one.
bool is_key_argument(const std::string& before) {
  for (const char* call : {"msg(", "tr("}) {
    if (!before.ends_with(call)) continue;
    const size_t at = before.size() - std::string(call).size();
    return at == 0 || (!std::isalnum(static_cast<unsigned char>(before[at - 1])) && before[at - 1] != '_');
  }
  const size_t open = before.rfind("fail(");
  if (open != std::string::npos && before.ends_with(',')) {
    return before.find_first_of("(),;\"", open + 5) == before.size() - 1;
  }
  return false;
}

const std::map<std::string, TableEntry>& by_key() {
  static const auto map = [] {
    std::map<std::string, TableEntry> entries;
    for (const TableEntry& entry : message_table()) entries.emplace(entry.key, entry);
    return entries;
  }();
  return map;
}

TEST(Messages, EachKeyStandsOnce) { EXPECT_EQ(by_key().size(), message_table().size()); }

// Keys whose {0} is a text in English and {1} the same in Chinese: titles that come from data in both languages.
const std::set<std::string_view> kArgumentALanguage = {"lab.row.task", "lab.row.task_items", "lab.row.bits", "lab.row.bits_items", "lab.row.gap",
                                                          "lab.row.task_part"};

TEST(Messages, BothLanguagesAreFilledAndAgreeOnArguments) {
  for (const TableEntry& entry : message_table()) {
    if (kArgumentALanguage.contains(entry.key)) continue;
    EXPECT_TRUE(looks_like_key(std::string(entry.key))) << entry.key;
    EXPECT_FALSE(entry.english.empty()) << entry.key;
    EXPECT_FALSE(entry.chinese.empty()) << entry.key;
    EXPECT_FALSE(first_invalid_utf8(entry.english).has_value()) << entry.key;
    EXPECT_FALSE(first_invalid_utf8(entry.chinese).has_value()) << entry.key;
    const auto english = placeholders(entry.english), chinese = placeholders(entry.chinese);
    EXPECT_EQ(std::set<char>(english.begin(), english.end()), std::set<char>(chinese.begin(), chinese.end())) << entry.key;
    // {0} to {N - 1}, none left out.
    char next = '0';
    for (const char one : std::set<char>(english.begin(), english.end())) EXPECT_EQ(one, next++) << entry.key;
  }
}

TEST(Messages, KeysStandInTheFileOfTheirRoom) {
  const std::filesystem::path directory = std::filesystem::path(SLM_SOURCE_DIR) / "src/base/messages";
  const std::string all = read(directory / "all.inc");
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    const std::string room = file.path().stem().string();
    if (room == "all") continue;
    EXPECT_NE(all.find("\"base/messages/" + room + ".inc\""), std::string::npos) << room << ".inc is not in all.inc";
    std::istringstream lines(read(file.path()));
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("M(\"")) continue;
      EXPECT_TRUE(line.substr(3).starts_with(room + ".")) << line.substr(0, 60);
    }
  }
}

TEST(Messages, EveryKeyUsedInCodeIsInTheTable) {
  size_t used = 0;
  for (const Literal& literal : source_literals()) {
    if (!is_key_argument(literal.before)) continue;
    ++used;
    EXPECT_TRUE(by_key().contains(literal.text)) << literal.text << " in " << literal.file;
  }
  EXPECT_GT(used, 20u);  // the scan finds them at all
}

TEST(Messages, EveryKeyIsUsed) {
  std::set<std::string> seen;
  for (const Literal& literal : source_literals()) {
    if (looks_like_key(literal.text)) seen.insert(literal.text);
  }
  // Shell scripts and Python tools take theirs from the table too.
  std::string scripts;
  std::vector<std::filesystem::path> paths = {"run.sh", "test.sh"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::filesystem::path(SLM_SOURCE_DIR) / "tools")) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  for (const auto& path : paths) scripts += read(path.is_absolute() ? path : std::filesystem::path(SLM_SOURCE_DIR) / path);
  for (const TableEntry& entry : message_table()) {
    const std::string key(entry.key);
    const bool in_script = scripts.find(key) != std::string::npos;
    EXPECT_TRUE(seen.contains(key) || in_script) << key << " is used nowhere";
  }
}

TEST(Messages, RendersArgumentsByNumberAndNeverScansThem) {
  const Message message = msg("base.cannot_read", "{1}", "why");
  EXPECT_EQ(render(message, Language::kEnglish), "cannot read {1}: why");
  EXPECT_NE(render(message, Language::kChinese), render(message, Language::kEnglish));
  EXPECT_EQ(render(msg("no.such_key", 1, "x"), Language::kEnglish), "no.such_key 1 x");
  EXPECT_EQ(render(Message{}, Language::kEnglish), "");
  EXPECT_EQ(render(msg("base.cannot_read", "alone"), Language::kEnglish), "cannot read alone: ");
}

TEST(Messages, LanguageFollowsTheEnvironmentInOrder) {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) unsetenv(name);
  EXPECT_EQ(language_from_environment(), Language::kEnglish);
  setenv("LANG", "zh_CN.UTF-8", 1);
  EXPECT_EQ(language_from_environment(), Language::kChinese);
  setenv("LC_MESSAGES", "de_DE", 1);
  EXPECT_EQ(language_from_environment(), Language::kEnglish);
  setenv("LC_ALL", "zh_TW", 1);
  EXPECT_EQ(language_from_environment(), Language::kChinese);
  setenv("LC_ALL", "", 1);  // empty counts as unset
  EXPECT_EQ(language_from_environment(), Language::kEnglish);
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) unsetenv(name);
}

}  // namespace
}  // namespace slm
