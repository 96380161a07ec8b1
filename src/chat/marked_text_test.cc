#include "chat/marked_text.h"

#include <gtest/gtest.h>

#include "chat/template.h"

namespace slm::chat {
namespace {

// "[...]" around what came from a message.
std::string shown(const std::vector<PromptPiece>& pieces) {
  std::string out;
  for (const PromptPiece& piece : pieces) out += piece.from_input ? "[" + piece.text + "]" : piece.text;
  return out;
}

TEST(MarkedText, KeepsMarksThroughAppendAndSlice) {
  MarkedText text("ab", false);
  text.append("cd", true);
  text.append("ef", true);
  text.append("gh", false);
  EXPECT_EQ(shown(text.pieces()), "ab[cdef]gh");
  EXPECT_EQ(shown(text.slice(1, 4).pieces()), "b[cd]");
  EXPECT_EQ(shown(text.slice(2, 6).pieces()), "[cdef]");
  EXPECT_EQ(shown(text.slice(5, 8).pieces()), "[f]gh");
  EXPECT_EQ(shown(text.slice(6, 8).pieces()), "gh");
  EXPECT_TRUE(text.slice(4, 4).empty());
  EXPECT_FALSE(text.from_input_at(1));
  EXPECT_TRUE(text.from_input_at(2));
  EXPECT_TRUE(text.from_input_at(5));
  EXPECT_FALSE(text.from_input_at(6));
}

TEST(MarkedText, AppendsMarkedText) {
  MarkedText all;
  MarkedText part("x", true);
  part.append("y", false);
  for (int i = 0; i < 3; ++i) all.append(part);
  EXPECT_EQ(shown(all.pieces()), "[x]y[x]y[x]y");
  EXPECT_TRUE(MarkedText().pieces().empty());
  MarkedText alone;
  alone.append(MarkedText("q", true));
  EXPECT_EQ(shown(alone.pieces()), "[q]");
}

// What a template prints, marked. `u` is text from a message, bos_token the model's.
std::string marked(const std::string& expression) {
  const auto compiled = Template::compile("{{ " + expression + " }}");
  if (!compiled) return compiled.error().text();
  const auto pieces = (*compiled)->render(R"({"u": " One,Two ", "bos_token": "<s>", "d": {"k": "v"}, "n": 5})");
  return pieces ? shown(*pieces) : pieces.error().text();
}

TEST(Marks, SurviveOperations) {
  EXPECT_EQ(marked("'<a>' + u + '<b>'"), "<a>[ One,Two ]<b>");
  EXPECT_EQ(marked("'<a>' ~ u ~ n ~ '<b>'"), "<a>[ One,Two ]5<b>");
  EXPECT_EQ(marked("('<a>' + u)|trim"), "<a>[ One,Two]");
  EXPECT_EQ(marked("('<a>' + u)|upper"), "<A>[ ONE,TWO ]");
  EXPECT_EQ(marked("('<a>' + u)[2:6]"), ">[ On]");
  EXPECT_EQ(marked("('<a>' + u)[::-1]"), "[ owT,enO ]>a<");
  EXPECT_EQ(marked("u.split(',')|join('<sep>')"), "[ One]<sep>[Two ]");
  EXPECT_EQ(marked("u|replace(',', '<c>')"), "[ One]<c>[Two ]");
  EXPECT_EQ(marked("'a,b'|replace(',', u)"), "a[ One,Two ]b");
  EXPECT_EQ(marked("'%s|%5s' % (u, 'x')"), "[ One,Two ]|    x");
  EXPECT_EQ(marked("'{}|{}'.format(u, 'x')"), "[ One,Two ]|x");
  EXPECT_EQ(marked("u|indent('>', first=true)"), ">[ One,Two ]");
  EXPECT_EQ(marked("u|escape"), "[ One,Two ]");
  EXPECT_EQ(marked("u.title().strip().lower()"), "[one,two]");
  EXPECT_EQ(marked("u|first ~ 'x'"), "[ ]x");
}

TEST(Marks, ContainersAreInputWhenAnythingInThemIs) {
  EXPECT_EQ(marked("d|tojson"), R"([{"k": "v"}])");
  EXPECT_EQ(marked("[1, u]"), "[[1, ' One,Two ']]");
  EXPECT_EQ(marked("[1, '<a>']"), "[1, '<a>']");
  EXPECT_EQ(marked("{'a': 1}|tojson"), R"({"a": 1})");
}

TEST(Marks, TheModelsOwnTokensAreNotInput) {
  EXPECT_EQ(marked("bos_token ~ u"), "<s>[ One,Two ]");
}

TEST(Marks, SurviveCaptures) {
  const auto compiled = Template::compile(
      "{% macro m(x) %}<m>{{ x }}</m>{% endmacro %}{% set b %}{{ m(u) }}!{% endset %}{{ b }}"
      "{% filter upper %}f{{ u }}{% endfilter %}");
  ASSERT_TRUE(compiled);
  EXPECT_EQ(shown(*(*compiled)->render(R"({"u": "in"})")), "<m>[in]</m>!F[IN]");
}

}  // namespace
}  // namespace slm::chat
