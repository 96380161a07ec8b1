#include "base/yaml.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace slm {
namespace {

YamlNode parsed(std::string_view text) {
  auto node = parse_yaml(text, "f.yaml");
  EXPECT_TRUE(node.has_value()) << node.error().text(Language::kEnglish);
  return node.has_value() ? std::move(*node) : YamlNode{};
}

// The English text of the error, or "" when there is none.
std::string complaint(std::string_view text) {
  const auto node = parse_yaml(text, "f.yaml");
  if (node.has_value()) return "";
  EXPECT_EQ(node.error().kind, ErrorKind::kCorrupt);
  EXPECT_FALSE(node.error().text(Language::kChinese).empty());
  return node.error().text(Language::kEnglish);
}

TEST(Yaml, KeepsOrderQuotesAndPlaces) {
  const YamlNode root = parsed("b: 1\n\"a\": 'x: y'\nlist:\n  - |\n    two\n    lines\n  - {k: \"\\u00e9\"}\n");
  ASSERT_EQ(root.kind, YamlNode::Kind::kMapping);
  ASSERT_EQ(root.entries.size(), 3u);
  EXPECT_EQ(root.entries[0].key, "b");
  EXPECT_TRUE(root.entries[0].value.plain);
  EXPECT_EQ(root.entries[1].key, "a");
  EXPECT_EQ(root.entries[1].value.text, "x: y");
  EXPECT_FALSE(root.entries[1].value.plain);
  EXPECT_EQ(root.entries[1].value.place(), "f.yaml:2:6");
  const YamlNode& list = root.entries[2].value;
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(list.items[0].text, "two\nlines\n");
  EXPECT_EQ(list.items[1].find("k")->text, "\u00e9");
  EXPECT_EQ(list.items[1].place(), "f.yaml:7:5");
  EXPECT_EQ(list.items[1].find("absent"), nullptr);
}

TEST(Yaml, ColumnsCountCharacters) {
  const YamlNode root = parsed("\xEF\xBB\xBF\u4e2d\u6587: {\u952e: 5}\n");
  EXPECT_EQ(root.entries[0].value.find("\u952e")->place(), "f.yaml:1:9");
}

TEST(Yaml, AnEmptyDocumentIsNull) {
  for (const char* text : {"", "# only a comment\n", "---\n...\n", "~", "null"}) {
    const YamlNode root = parsed(text);
    EXPECT_TRUE(root.is_null()) << text;
    EXPECT_EQ(root.need("k").error().text(Language::kEnglish).substr(0, 7), "f.yaml:");
  }
}

TEST(Yaml, TypedAccess) {
  const YamlNode root = parsed("{s: text, q: \"12\", n: 0.49e9, i: -7, t: true, f: false, z: ~, l: [a, 'b', 3], m: {x: 1}}");
  EXPECT_EQ(root.need_string("s").value(), "text");
  EXPECT_EQ(root.need_string("i").value(), "-7");
  EXPECT_EQ(root.need_number("n").value(), 0.49e9);
  EXPECT_EQ(root.need_number("i").value(), -7.0);
  EXPECT_EQ(root.need_integer("i").value(), -7);
  EXPECT_TRUE(root.need_bool("t").value());
  EXPECT_FALSE(root.need_bool("f").value());
  EXPECT_EQ(root.need_strings("l").value(), (std::vector<std::string>{"a", "b", "3"}));
  EXPECT_EQ(root.need_mapping("m").value()->need_integer("x", 1, 1).value(), 1);
  EXPECT_EQ(root.need_sequence("l").value()->items.size(), 3u);
  EXPECT_EQ(root.string_or("absent", "d").value(), "d");
  EXPECT_EQ(root.number_or("absent", 2.5).value(), 2.5);
  EXPECT_EQ(root.integer_or("absent", 3).value(), 3);
  EXPECT_TRUE(root.bool_or("absent", true).value());
  EXPECT_EQ(root.strings_or("absent", {"d"}).value(), std::vector<std::string>{"d"});
}

TEST(Yaml, WrongTypesNameThePlace) {
  const YamlNode root = parsed("q: \"12\"\ns: text\nz: ~\nl: [1]\nbig: 99999999999999999999\ni: inf\nt: yes\n");
  const auto text = [](const auto& result) { return result.has_value() ? "" : result.error().text(Language::kEnglish); };
  EXPECT_EQ(text(root.need_number("q")), "f.yaml:1:4: expected a number, found \"12\"");
  EXPECT_EQ(text(root.need_integer("s")), "f.yaml:2:4: expected a whole number, found \"text\"");
  EXPECT_EQ(text(root.need_string("z")), "f.yaml:3:4: expected a text, found \"~\"");
  EXPECT_EQ(text(root.need_string("l")), "f.yaml:4:4: expected a text, found [...]");
  EXPECT_EQ(text(root.need_integer("big")), "f.yaml:5:6: expected a whole number, found \"99999999999999999999\"");
  EXPECT_EQ(text(root.need_number("i")), "f.yaml:6:4: expected a number, found \"inf\"");
  EXPECT_EQ(text(root.need_bool("t")), "f.yaml:7:4: expected true or false, found \"yes\"");
  EXPECT_EQ(text(root.need_mapping("l")), "f.yaml:4:4: expected keys and values, found [...]");
  EXPECT_EQ(text(root.need_sequence("s")), "f.yaml:2:4: expected a list, found \"text\"");
  EXPECT_EQ(text(root.need_strings("s")), "f.yaml:2:4: expected a list, found \"text\"");
  EXPECT_EQ(text(root.need_string("none")), "f.yaml:1:1: the key none is missing here");
  EXPECT_EQ(text(root.number_or("s", 1)), "f.yaml:2:4: expected a number, found \"text\"");
  EXPECT_EQ(text(root.find("l")->items[0].as_integer(2, 3)), "f.yaml:4:5: 1 is not between 2 and 3");
}

TEST(Yaml, UnknownKeysAreRefusedWithTheNearest) {
  const YamlNode root = parsed("prompt: a\nanwser: b\n");
  EXPECT_TRUE(root.refuse_unknown_keys({"prompt", "anwser"}).has_value());
  const auto near = root.refuse_unknown_keys({"prompt", "answer"});
  ASSERT_FALSE(near.has_value());
  EXPECT_EQ(near.error().text(Language::kEnglish), "f.yaml:2:1: unknown key anwser");
  EXPECT_EQ(near.error().hint_text(Language::kEnglish), "Did you mean answer?");
  EXPECT_EQ(root.refuse_unknown_keys({"prompt", "zzz"}).error().hint_text(Language::kEnglish), "Known here: prompt, zzz");
  EXPECT_FALSE(parsed("[1]").refuse_unknown_keys({"a"}).has_value());
}

TEST(Yaml, RefusesWhatItDoesNotRead) {
  EXPECT_EQ(complaint("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: the key a stands twice");
  EXPECT_EQ(complaint("a: &x 1\nb: *x\n"), "f.yaml:1:4: anchors and aliases (& and *) are not read here");
  EXPECT_EQ(complaint("- *x\n"), "f.yaml:1:3: anchors and aliases (& and *) are not read here");
  EXPECT_EQ(complaint("a: !!int 3\n"), "f.yaml:1:4: tags (!) are not read here");
  EXPECT_EQ(complaint("a: 1\n---\nb: 2\n"), "f.yaml:2:1: a second document; one file holds one");
  EXPECT_EQ(complaint("? [a]\n: 1\n"), "f.yaml:1:3: a key must be a plain or quoted text");
  EXPECT_EQ(complaint("~: 1\n"), "f.yaml:1:1: a key must be a plain or quoted text");
  EXPECT_EQ(complaint("a: \"x\\0y\"\n"), "f.yaml:1:4: the text holds a NUL character");
  EXPECT_EQ(complaint("a: 1\nb: \xff\n"), "f.yaml:2:4: bytes that are not UTF-8");
  EXPECT_EQ(complaint("a: [1, 2\nb: 3\n").substr(0, 10), "f.yaml:2:2");
  EXPECT_EQ(complaint("a: 1\n\tb: 2\n").substr(0, 10), "f.yaml:2:1");
  EXPECT_EQ(complaint("a: 1\nb: \x01\n").substr(0, 10), "f.yaml:2:4");
  EXPECT_EQ(complaint("\"\\e[31m\": 1\n\"\\e[31m\": 1\n"), "f.yaml:2:1: the key ?[31m stands twice");
}

TEST(Yaml, Bounds) {
  const std::string deep = std::string(limits::kYamlMaxDepth, '[') + std::string(limits::kYamlMaxDepth, ']');
  EXPECT_EQ(complaint(deep), "");
  EXPECT_EQ(complaint("[" + deep + "]"), "f.yaml:1:65: nested deeper than 64 levels");
  EXPECT_EQ(complaint(std::string(1'000'000, '[')), "f.yaml:1:65: nested deeper than 64 levels");
  for (const char* opener : {"- ", "? ", "k: {", "[{"}) {
    std::string nested;
    for (int i = 0; i < 5000; ++i) nested += opener;
    EXPECT_NE(complaint(nested), "") << opener;
  }
  std::string many;
  for (size_t i = 0; i <= limits::kYamlMaxNodes; ++i) many += "- 1\n";
  EXPECT_NE(complaint(many).find("more than 262144 values"), std::string::npos);
  const auto large = parse_yaml(std::string(limits::kYamlMaxBytes + 1, ' '), "f.yaml");
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().kind, ErrorKind::kDoesNotFit);
  EXPECT_EQ(read_yaml_file("/nonexistent.yaml").error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace slm
