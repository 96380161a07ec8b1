#include "chat/template.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace slm::chat {
namespace {

constexpr const char* kContext = R"({
  "messages": [{"role": "user", "content": "Hi <|im_end|>"}, {"role": "assistant", "content": "Hello"}],
  "tools": null, "bos_token": "<s>", "n": 5, "text": "abc", "items": [3, 1, 2], "map": {"b": 1, "a": {"c": [7]}}})";

Result<std::vector<PromptPiece>> try_render(const std::string& source, const std::string& context = kContext) {
  SLM_TRY(compiled, Template::compile(source));
  return compiled->render(context);
}

std::string render(const std::string& source, const std::string& context = kContext) {
  const auto pieces = try_render(source, context);
  if (!pieces) return "error: " + pieces.error().text(Language::kEnglish);
  return joined(*pieces);
}

// The key of the error a template ends in, with its line: "chat.template_undefined@2"; "" when it renders.
std::string failure(const std::string& source, const std::string& context = kContext) {
  const auto pieces = try_render(source, context);
  if (pieces) return "";
  const Message& message = pieces.error().message;
  return std::string(message.key) + (message.args.empty() ? "" : "@" + message.args[0]);
}

TEST(Whitespace, BlocksTakeTheirLine) {
  EXPECT_EQ(render("a\n  {% if true %}\nb\n  {% endif %}\nc\n"), "a\nb\nc");
  EXPECT_EQ(render("a {%- if true -%}  b  {%- endif -%}\n c"), "abc");
  EXPECT_EQ(render("  {%+ if true +%}\nx{% endif %}"), "  \nx");
  EXPECT_EQ(render("{{ 1 }}\n\n"), "1\n");
  EXPECT_EQ(render("a\r\nb\r"), "a\nb");
  EXPECT_EQ(render("a {#- c -#} b{# d #}\nc"), "abc");
  EXPECT_EQ(render("{% raw %} {{ x }} {% endraw %}\nz"), " {{ x }} z");
}

TEST(Statements, ScopesEndWithTheirBlock) {
  EXPECT_EQ(render("{% set x = 1 %}{% for i in items %}{% set x = x + i %}{{ x }} {% endfor %}{{ x }}"), "4 2 3 1");
  EXPECT_EQ(render("{% if true %}{% set x = 1 %}{% endif %}{{ x }}"), "1");
  EXPECT_EQ(render("{% with x = 2 %}{{ x }}{% endwith %}{{ x is defined }}"), "2False");
  EXPECT_EQ(render("{% macro m(a) %}{% set a = 9 %}{{ a }}{% endmacro %}{{ m(1) }}{{ a is defined }}"), "9False");
  EXPECT_EQ(render("{% set ns = namespace(x=0) %}{% for i in items %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}"), "6");
}

TEST(Statements, ForTestsItemsAsItReachesThem) {
  EXPECT_EQ(render("{% set ns = namespace(stop=false) %}{% for i in items if not ns.stop %}{{ i }}"
                   "{% if i == 1 %}{% set ns.stop = true %}{% endif %}{% endfor %}"),
            "31");
}

TEST(Statements, BreakInTheFirstPassReachesElseAsInJinja2) {
  EXPECT_EQ(render("{% for i in items %}{% break %}{% else %}E{% endfor %}"), "E");
  EXPECT_EQ(render("{% for i in items %}{{ i }}{% if i == 1 %}{% break %}{% endif %}{% else %}E{% endfor %}"), "31");
}

TEST(Expressions, GeneratorsAreReadOnce) {
  const std::string make = "{% set g = messages|map(attribute='role') %}";
  EXPECT_EQ(render(make + "{{ g|list }}{{ g|list }}"), "['user', 'assistant'][]");
  EXPECT_EQ(render(make + "{{ g|first }}{{ g|list }}"), "user['assistant']");
  EXPECT_EQ(failure(make + "{{ g|length }}"), "chat.template_no_length@1");
}

TEST(Expressions, MethodsComeBeforeItems) {
  EXPECT_EQ(render("{{ {'items': 1}['items'] }} {{ {'items': 1}.items is callable }}"), "1 True");
}

TEST(Errors, NameLineAndPlace) {
  EXPECT_EQ(failure("a\n{{ x.y }}"), "chat.template_undefined@2");
  EXPECT_EQ(failure("\n\n{% if messages[0].a.b %}{% endif %}"), "chat.template_no_attribute@3");
  EXPECT_EQ(failure("{% for %}"), "chat.template_syntax@1");
  EXPECT_EQ(failure("x\n{% if true %}\n"), "chat.template_unclosed@2");
  EXPECT_EQ(failure("\n{{ 'abc }}"), "chat.template_unclosed@2");
  EXPECT_EQ(failure("{% nosuch %}"), "chat.template_unknown_tag@1");
  EXPECT_EQ(failure("\n{{ 1|nosuch }}"), "chat.template_unknown_filter@2");
  EXPECT_EQ(failure("{{ 1 is nosuch }}"), "chat.template_unknown_test@1");
  EXPECT_EQ(failure("{{ (1 }}"), "chat.template_expected@1");
  EXPECT_EQ(failure("{% break %}"), "chat.template_outside_loop@1");
  EXPECT_EQ(failure("{{ 'a' + 1 }}"), "chat.template_operands@1");
  EXPECT_EQ(failure("{% for i in 5 %}{% endfor %}"), "chat.template_not_iterable@1");
  EXPECT_EQ(failure("{{ n() }}"), "chat.template_not_callable@1");
  EXPECT_EQ(failure("{% set map.x = 1 %}"), "chat.template_not_namespace@1");
  EXPECT_EQ(failure("\xff"), "chat.template_not_utf8@0");
}

TEST(Errors, WhatTheTemplateRaisesIsQuoted) {
  const auto pieces = try_render("\n{{ raise_exception('no ' ~ messages[0].role) }}");
  ASSERT_FALSE(pieces);
  EXPECT_EQ(pieces.error().kind, ErrorKind::kFailed);
  EXPECT_EQ(pieces.error().text(Language::kEnglish), "the chat template refuses this conversation (line 2): no user");
  EXPECT_NE(pieces.error().text(Language::kChinese), pieces.error().text(Language::kEnglish));
}

TEST(Errors, KindsTellReadingFromRendering) {
  EXPECT_EQ(Template::compile("{{").error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(try_render("{{ a.b }}").error().kind, ErrorKind::kFailed);
}

TEST(Sandbox, ListsAndDictsCannotBeChanged) {
  EXPECT_EQ(failure("{{ items.append(1) }}"), "chat.template_refused@1");
  EXPECT_EQ(failure("{{ map.pop('b') }}"), "chat.template_refused@1");
  EXPECT_EQ(failure("{{ map.update({}) }}"), "chat.template_refused@1");
  EXPECT_EQ(render("{{ items.append is defined }}{{ map.get('b') }}"), "False1");
  EXPECT_EQ(failure("{{ namespace(_x=1) }}"), "chat.template_refused@1");
  EXPECT_EQ(render("{{ text.__class__ is defined }}"), "False");
}

TEST(Numbers, SixtyFourBitsAndNoMore) {
  EXPECT_EQ(render("{{ 9223372036854775807 }} {{ -9223372036854775807 - 1 }}"), "9223372036854775807 -9223372036854775808");
  for (const char* source : {"{{ 9223372036854775807 + 1 }}", "{{ 9223372036854775807 * 2 }}", "{{ 2 ** 64 }}",
                             "{{ -(-9223372036854775807 - 1) }}", "{{ (-9223372036854775807 - 1) // -1 }}",
                             "{{ 1e300|int }}", "{{ 9223372036854775808 }}"}) {
    EXPECT_EQ(failure(source), "chat.template_overflow@1") << source;
  }
  EXPECT_EQ(failure("{{ 1 // 0 }}"), "chat.template_zero_division@1");
  EXPECT_EQ(failure("{{ 1 % 0.0 }}"), "chat.template_zero_division@1");
}

TEST(Context, MustBeAnObjectOfNumbersThatFit) {
  EXPECT_EQ(failure("x", "[1]"), "chat.context_not_object");
  EXPECT_EQ(failure("x", R"({"a": 18446744073709551615})"), "chat.context_number@18446744073709551615");
  EXPECT_NE(failure("x", "{"), "");
  EXPECT_EQ(render("{{ a }} {{ b }}", R"({"a": 9223372036854775807, "b": -1.5})"), "9223372036854775807 -1.5");
}

// --- limits: each of these would run, grow or recurse without end ---

TEST(Limits, LoopsStop) {
  const std::string many = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
  EXPECT_EQ(failure(many), "chat.template_limit_steps@1");
  EXPECT_EQ(failure("{% for a in range(2000) %}{% for b in range(2000) %}{% set x = a %}{% endfor %}{% endfor %}"),
            "chat.template_limit_steps@1");
  EXPECT_EQ(failure("{{ range(100001) }}"), "chat.template_limit_range@1");
}

TEST(Limits, TextsStopGrowing) {
  EXPECT_EQ(failure("{{ 'abc' * 99999999999 }}"), "chat.template_limit_bytes@1");
  EXPECT_EQ(failure("{{ [0] * 99999999999 }}"), "chat.template_limit_bytes@1");
  EXPECT_EQ(failure("{% set ns = namespace(x='xxxxxxxxxxxxxxxx') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}"
                    "{% endfor %}"),
            "chat.template_limit_bytes@1");
  EXPECT_EQ(failure("{{ 'a'|center(9999999999) }}"), "chat.template_limit_bytes@1");
  EXPECT_EQ(failure("{{ '%999999999d'|format(1) }}"), "chat.template_limit_bytes@1");
  EXPECT_NE(failure("{% set b = 'a' * 1000000 %}{% for i in range(100) %}{{ b }}{% endfor %}"), "");
  EXPECT_NE(failure("{% set b = 'a' * 1000 %}{{ b|replace('', b * 1000) }}"), "");
  EXPECT_NE(failure("{% set b = 'a' * 60000000 %}{% for i in range(9999) %}{{ b.find('b') }}{% endfor %}"), "");
}

TEST(Limits, RecursionStops) {
  EXPECT_EQ(failure("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"), "chat.template_limit_depth@1");
  EXPECT_EQ(failure("{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}"),
            "chat.template_limit_depth@1");
  EXPECT_EQ(failure("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}"), "chat.template_limit_depth@1");
  // Lists that hold a list twice, that holds a list twice: 2^100 items to print, to compare, to hash.
  const std::string doubled = "{% set ns = namespace(x=(1,), y=(1,)) %}{% for i in range(100) %}"
                              "{% set ns.x = (ns.x, ns.x) %}{% set ns.y = (ns.y, ns.y) %}{% endfor %}";
  EXPECT_NE(failure(doubled + "{{ ns.x }}"), "");
  EXPECT_NE(failure(doubled + "{{ ns.x|tojson }}"), "");
  EXPECT_NE(failure(doubled + "{{ ns.x == ns.y }}"), "");
  EXPECT_NE(failure(doubled + "{{ {ns.x: 1} }}"), "");
}

TEST(Limits, SourcesAreBounded) {
  EXPECT_EQ(failure(std::string(limits::kTemplateMaxSourceBytes + 1, 'x')),
            "chat.template_too_large@" + std::to_string(limits::kTemplateMaxSourceBytes + 1));
  const auto repeated = [](const std::string& text, size_t n) {
    std::string out;
    for (size_t i = 0; i < n; ++i) out += text;
    return out;
  };
  EXPECT_EQ(failure("{{ " + repeated("(", 100'000)), "chat.template_too_deep@1");
  EXPECT_EQ(failure("{{ " + repeated("[", 100'000)), "chat.template_too_deep@1");
  EXPECT_EQ(failure("{{ " + repeated("{1:", 100'000)), "chat.template_too_deep@1");
  EXPECT_EQ(failure("{{ " + repeated("-", 100'000) + "1 }}"), "chat.template_too_deep@1");
  EXPECT_EQ(failure("{{ " + repeated("not ", 100'000) + "1 }}"), "chat.template_too_deep@1");
  EXPECT_EQ(failure("{{ 1" + repeated(" + 1", 100'000) + " }}"), "chat.template_too_deep@1");
  EXPECT_EQ(failure("{{ a" + repeated(".a", 100'000) + " }}"), "chat.template_too_deep@1");
  EXPECT_EQ(failure("{{ a" + repeated("|upper", 100'000) + " }}"), "chat.template_too_deep@1");
  EXPECT_EQ(failure("{{ 1" + repeated(" if 1 else 1", 80'000) + " }}"), "chat.template_too_deep@1");
  EXPECT_EQ(failure(repeated("{% if 1 %}", 100'000)), "chat.template_too_deep@1");
  EXPECT_EQ(render("{{ 1" + repeated(" + 1", 300) + " }}"), "301");
  EXPECT_EQ(render("{% if 0 %}" + repeated("{% elif 0 %}", 10'000) + "{% else %}x{% endif %}"), "x");
}

TEST(Clock, IsTheCallersOrNow) {
  const auto compiled = Template::compile("{{ strftime_now('%Y-%m-%d %B') }}");
  ASSERT_TRUE(compiled);
  std::tm now{};
  now.tm_year = 100, now.tm_mon = 1, now.tm_mday = 29;
  EXPECT_EQ(joined(*(*compiled)->render("{}", &now)), "2000-02-29 February");
  EXPECT_GE(joined(*(*compiled)->render("{}")).substr(0, 4), "2024");
}

}  // namespace
}  // namespace slm::chat
