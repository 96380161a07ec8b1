#include "lab/graders/ifeval.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/graders/ifeval_checkers.h"
#include "lab/graders/ifeval_text.h"

namespace slm::lab {
namespace {

std::string reference(const std::string& id, const std::string& kwargs) {
  return R"({"instruction_id_list": [")" + id + R"("], "kwargs": [)" + kwargs + "]}";
}

// The flags of one instruction: "strict loose" as 1 or 0 each.
std::string flags_of(const std::string& id, const std::string& kwargs, const std::string& answer) {
  const auto flags = ifeval_flags(answer, reference(id, kwargs));
  if (!flags) return flags.error().text(Language::kEnglish);
  return std::string(flags->at(0).strict ? "1" : "0") + (flags->at(0).loose ? "1" : "0");
}

bool follows(const std::string& id, const std::string& kwargs, const std::string& answer) {
  const auto flags = ifeval_flags(answer, reference(id, kwargs));
  EXPECT_TRUE(flags) << flags.error().text();
  return flags && flags->at(0).strict;
}

// Agreement with the original ------------------------------------------------------------------------------------------

struct Agreement {
  size_t compared = 0, differ = 0, unsure = 0;
  double share() const { return compared == 0 ? 0 : 1 - static_cast<double>(differ) / static_cast<double>(compared); }
};

void compare_level(const std::string& expected, bool IfevalFlag::*level, const std::vector<IfevalFlag>& flags, const Json& record,
                   std::map<std::string, Agreement>& agreements) {
  ASSERT_EQ(expected.size(), flags.size());
  for (size_t i = 0; i < flags.size(); ++i) {
    Agreement& agreement = agreements[flags[i].id];
    if (expected[i] == '?') {
      ++agreement.unsure;
      continue;
    }
    ++agreement.compared;
    const bool ours = flags[i].*level;
    if (ours == (expected[i] == '1')) continue;
    ++agreement.differ;
    std::cout << "differs: " << flags[i].id << (level == &IfevalFlag::strict ? " strict" : " loose") << ", original " << expected[i]
              << ", ours " << ours << ", item " << record["item"] << " (" << record["source"].get<std::string>() << "): "
              << to_valid_utf8(to_text(record["answer"]).substr(0, 160)) << "\n";
  }
}

// tests/golden/ifeval/flags.jsonl, or the file $SLM_IFEVAL_FLAGS names (tests/scripts/ifeval_oracle.py writes it).
TEST(Ifeval, FlagsEqualTheOriginals) {
  const char* other = std::getenv("SLM_IFEVAL_FLAGS");
  const auto text = read_text_file(other != nullptr ? other : SLM_SOURCE_DIR "/tests/golden/ifeval/flags.jsonl");
  ASSERT_TRUE(text) << text.error().text();
  std::map<std::string, Agreement> agreements;
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = text->find('\n', begin);
    const auto record = parse_json(std::string_view(*text).substr(begin, end - begin));
    ASSERT_TRUE(record) << record.error().text();
    const auto flags = ifeval_flags((*record)["answer"].get<std::string>(), to_text((*record)["reference"]));
    ASSERT_TRUE(flags) << flags.error().text();
    compare_level((*record)["strict"].get<std::string>(), &IfevalFlag::strict, *flags, *record, agreements);
    compare_level((*record)["loose"].get<std::string>(), &IfevalFlag::loose, *flags, *record, agreements);
    begin = end + 1;
  }
  Agreement all;
  for (const auto& [id, one] : agreements) {
    std::cout << id << ": " << one.compared - one.differ << " of " << one.compared << " equal, " << one.unsure << " not compared\n";
    if (id == "length_constraints:number_sentences") continue;
    all.compared += one.compared;
    all.differ += one.differ;
  }
  std::cout << "apart from sentence counts: " << 100 * all.share() << " % of " << all.compared << "\n";
  EXPECT_GE(all.share(), 0.99);
  if (other != nullptr) return;
  EXPECT_EQ(agreements.size(), ifeval::checkers().size());
  EXPECT_GE(agreements["length_constraints:number_sentences"].share(), 0.95);
  for (const auto& [id, one] : agreements) EXPECT_GE(one.compared, 50u) << id;
}

// What each instruction asks for -----------------------------------------------------------------------------------------

struct Case {
  const char *id, *kwargs, *follows, *breaks;
};

constexpr Case kCases[] = {
    {"keywords:existence", R"({"keywords": ["Land", "river"]})", "The RIVER in Ireland.", "The land."},
    {"keywords:frequency", R"({"keyword": "war", "frequency": 2, "relation": "at least"})", "War, warm.", "War."},
    {"keywords:frequency", R"({"keyword": "war", "frequency": 2, "relation": "less than"})", "War.", "War, warm."},
    {"keywords:forbidden_words", R"({"forbidden_words": ["can", "ride"]})", "Canned pride.", "We CAN."},
    {"keywords:letter_frequency", R"({"letter": "Q", "let_frequency": 2, "let_relation": "at least"})", "Qq", "q"},
    {"keywords:letter_frequency", R"({"letter": "!", "let_frequency": 2, "let_relation": "less than"})", "Ho!", "Ho!!"},
    {"language:response_language", R"({"language": "de"})", "Der Hund lief durch den Wald und suchte seinen Ball.",
     "The dog ran through the wood and looked for its ball."},
    {"length_constraints:number_sentences", R"({"num_sentences": 2, "relation": "at least"})", "One. Two", "One"},
    {"length_constraints:number_paragraphs", R"({"num_paragraphs": 2})", "***\na\n***\nb", "a\n\nb"},
    {"length_constraints:number_words", R"({"num_words": 3, "relation": "less than"})", "it's", "it's so"},
    {"length_constraints:nth_paragraph_first_word", R"({"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "it"})",
     "One.\n\n\"It's two.", "It.\n\nNot."},
    {"detectable_content:number_placeholders", R"({"num_placeholders": 2})", "[a] [b]", "[a] [b\n]"},
    {"detectable_content:postscript", R"({"postscript_marker": "P.P.S"})", "x\np. p.s", "P.S. x"},
    {"detectable_content:postscript", R"({"postscript_marker": "P.S."})", "P. S. x", "PS x"},
    {"detectable_content:postscript", R"({"postscript_marker": "NB:"})", "x nb: y", "P.S. x"},
    {"detectable_format:number_bullet_lists", R"({"num_bullets": 2})", "* a\n\n  - b\n**c**", "* a\n- b\n---"},
    {"detectable_format:constrained_response", "{}", "So: My answer is maybe. Yes.", "My answer is yes"},
    {"detectable_format:number_highlighted_sections", R"({"num_highlights": 2})", "*a* **b**", "*a* ** ** *b\n*"},
    {"detectable_format:multiple_sections", R"({"section_spliter": "Day", "num_sections": 2})", "Day 1 x Day2", "Day 1 Day  2"},
    {"detectable_format:json_format", "{}", "```json\n{\"a\": [1, NaN]}\n```", "{\"a\": 1,}"},
    {"detectable_format:title", "{}", "<<x>>", "<< >> <x>"},
    {"combination:two_responses", "{}", "a******b", "a******a"},
    {"combination:repeat_prompt", R"({"prompt_to_repeat": "Say hi."})", " say HI. Hi!", "Hi! Say hi."},
    {"startend:end_checker", R"({"end_phrase": "Bye."})", "So: bye.\"\n", "Bye. Now"},
    {"startend:quotation", "{}", " \"a\" ", "\""},
    {"change_case:capital_word_frequency", R"({"capital_frequency": 2, "capital_relation": "at least"})", "IT'S", "NASA is"},
    {"change_case:english_capital", "{}", "THE DOG RAN THROUGH THE WOOD.", "THE DOG RAN THROUGH THE WOOd."},
    {"change_case:english_lowercase", "{}", "the dog ran through the wood.", "The dog ran through the wood."},
    {"punctuation:no_comma", "{}", "1.5; \xEF\xBC\x8C", "1,5"},
};

TEST(Ifeval, EachInstructionIsFollowedAndBroken) {
  std::set<std::string_view> seen;
  for (const Case& one : kCases) {
    EXPECT_TRUE(follows(one.id, one.kwargs, one.follows)) << one.id << ": " << one.follows;
    EXPECT_FALSE(follows(one.id, one.kwargs, one.breaks)) << one.id << ": " << one.breaks;
    seen.insert(one.id);
  }
  EXPECT_EQ(seen.size(), ifeval::checkers().size());
}

TEST(Ifeval, AnEmptyAnswerFollowsNothing) {
  for (const Case& one : kCases) {
    for (const char* blank : {"", " \n\t ", "\xE3\x80\x80"}) EXPECT_EQ(flags_of(one.id, one.kwargs, blank), "00") << one.id;
  }
}

TEST(Ifeval, LooseTakesOffFirstAndLastLinesAndAsterisks) {
  EXPECT_EQ(flags_of("punctuation:no_comma", "{}", "Sure, here:\nNone here."), "01");
  EXPECT_EQ(flags_of("punctuation:no_comma", "{}", "None here.\nI hope, it helps."), "01");
  EXPECT_EQ(flags_of("punctuation:no_comma", "{}", "Sure, here:\nNone here.\nBye, now."), "01");
  EXPECT_EQ(flags_of("startend:quotation", "{}", "**\"All of it\"**"), "01");
  EXPECT_EQ(flags_of("startend:quotation", "{}", "Sure:\n**\"All of it\"**\nBye."), "01");
  EXPECT_EQ(flags_of("punctuation:no_comma", "{}", "One, line"), "00");        // nothing is left of it
  EXPECT_EQ(flags_of("punctuation:no_comma", "{}", "Two,\nlines, here"), "00");
  EXPECT_EQ(flags_of("detectable_format:number_bullet_lists", R"({"num_bullets": 1})", "* a\n* b"), "01");
}

TEST(Ifeval, AnAnswerIsRightWhenAllIsFollowed) {
  const std::string both =
      R"({"key": 1, "instruction_id_list": ["punctuation:no_comma", "startend:quotation"], "kwargs": [{}, {"num_words": null}]})";
  GradeRequest request{"prompt", "\"a\"", both, false};
  auto grade = grade_ifeval(request);
  ASSERT_TRUE(grade) << grade.error().text();
  EXPECT_EQ(grade->value, 1);
  EXPECT_EQ(grade->extracted, "2 of 2");
  EXPECT_TRUE(grade->marks.empty());

  request.answer = "Sure, here:\n\"a\"";
  request.truncated = true;
  grade = grade_ifeval(request);
  EXPECT_EQ(grade->value, 0);
  EXPECT_EQ(grade->extracted, "0 of 2, not punctuation:no_comma, startend:quotation");
  EXPECT_EQ(grade->marks, std::vector<std::string>{"truncated"});
  EXPECT_EQ(grade_ifeval_loose(request)->value, 1);

  request.answer = " ";
  request.truncated = false;
  grade = grade_ifeval_loose(request);
  EXPECT_EQ(grade->value, 0);
  EXPECT_EQ(grade->extracted, "");
  EXPECT_EQ(grade->marks, std::vector<std::string>{"no_answer"});
}

TEST(Ifeval, InstancesAreTheShareFollowedWeighedByTheirNumber) {
  const std::string both =
      R"({"key": 1, "instruction_id_list": ["punctuation:no_comma", "startend:quotation"], "kwargs": [{}, {"num_words": null}]})";
  GradeRequest request{"prompt", "Sure:\n\"a\"", both, false};
  EXPECT_EQ(grade_ifeval(request)->value, 0);
  EXPECT_EQ(grade_ifeval(request)->weight, 1);
  const auto strict = grade_ifeval_instances(request), loose = grade_ifeval_instances_loose(request);
  ASSERT_TRUE(strict && loose);
  EXPECT_EQ(strict->value, 0.5);
  EXPECT_EQ(strict->weight, 2);
  EXPECT_EQ(strict->extracted, "1 of 2, not startend:quotation");
  EXPECT_EQ(loose->value, 1);
  request.answer = "";
  EXPECT_EQ(grade_ifeval_instances(request)->value, 0);
  EXPECT_EQ(grade_ifeval_instances(request)->weight, 2);
}

TEST(Ifeval, BytesThatAreNotTextAreAnAnswerLikeAnother) {
  for (const Case& one : kCases) EXPECT_TRUE(ifeval_flags("\xFF\xC0\x80 \xE4\xBD", reference(one.id, one.kwargs))) << one.id;
}

// References that lie ---------------------------------------------------------------------------------------------------

TEST(Ifeval, AWrongReferenceIsAnErrorWithItsPlace) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "byte 0"},
      {"[]", "$.instruction_id_list"},
      {R"({"kwargs": [{}]})", "$.instruction_id_list"},
      {R"({"instruction_id_list": [], "kwargs": []})", "$.instruction_id_list"},
      {R"({"instruction_id_list": "punctuation:no_comma", "kwargs": [{}]})", "$.instruction_id_list"},
      {R"({"instruction_id_list": ["punctuation:no_comma"]})", "$.kwargs"},
      {R"({"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}, {}]})", "1 instructions, $.kwargs has 2"},
      {R"({"instruction_id_list": [7], "kwargs": [{}]})", "$.instruction_id_list[0]"},
      {reference("punctuation:no_dots", "{}"), "$.instruction_id_list[0]: there is no instruction \"punctuation:no_dots\""},
      {reference("punctuation:no_comma", "[]"), "$.kwargs[0]"},
      {reference("punctuation:no_comma", R"({"num_words": 3})"), "$.kwargs[0]: punctuation:no_comma takes no argument \"num_words\""},
      {reference("keywords:existence", "{}"), "$.kwargs[0].keywords"},
      {reference("keywords:existence", R"({"keywords": []})"), "$.kwargs[0].keywords"},
      {reference("keywords:existence", R"({"keywords": ["a", 1]})"), "$.kwargs[0].keywords[1]"},
      {reference("keywords:existence", R"({"keywords": ["a", " "]})"), "$.kwargs[0].keywords[1]"},
      {reference("detectable_format:multiple_sections", R"({"section_spliter": "", "num_sections": 2})"), "$.kwargs[0].section_spliter"},
      {reference("startend:end_checker", R"({"end_phrase": null})"), "$.kwargs[0].end_phrase"},
      {reference("length_constraints:number_words", R"({"num_words": 0, "relation": "at least"})"), "$.kwargs[0].num_words"},
      {reference("length_constraints:number_words", R"({"num_words": -3, "relation": "at least"})"), "$.kwargs[0].num_words"},
      {reference("length_constraints:number_words", R"({"num_words": 2.5, "relation": "at least"})"), "$.kwargs[0].num_words"},
      {reference("length_constraints:number_words", R"({"num_words": "9", "relation": "at least"})"), "$.kwargs[0].num_words"},
      {reference("length_constraints:number_words", R"({"num_words": 18446744073709551615, "relation": "at least"})"), "$.kwargs[0].num_words"},
      {reference("length_constraints:number_words", R"({"num_words": 9, "relation": "at most"})"), "$.kwargs[0].relation"},
      {reference("length_constraints:nth_paragraph_first_word", R"({"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "x"})"),
       "$.kwargs[0]: paragraph 3 of 2"},
  };
  for (const auto& [text, place] : cases) {
    const auto flags = ifeval_flags("answer", text);
    ASSERT_FALSE(flags) << text;
    EXPECT_EQ(flags.error().kind, ErrorKind::kCorrupt) << text;
    const std::string said = flags.error().text(Language::kEnglish);
    EXPECT_NE(said.find(place), std::string::npos) << said;
  }
  const std::string long_text(100'000, 'x');
  EXPECT_FALSE(ifeval_flags("a", reference("startend:end_checker", "{\"end_phrase\": \"" + long_text + "\"}")));
  std::string ids = "\"punctuation:no_comma\"", kwargs = "{}";
  for (int i = 0; i < 1'000; ++i) ids += ", \"punctuation:no_comma\"", kwargs += ", {}";
  EXPECT_FALSE(ifeval_flags("a", "{\"instruction_id_list\": [" + ids + "], \"kwargs\": [" + kwargs + "]}"));
}

// Counting ---------------------------------------------------------------------------------------------------------------

TEST(Ifeval, CountsSentences) {
  const std::pair<const char*, size_t> cases[] = {
      {"One", 1},
      {"One. Two! Three? Four", 4},
      {"Dr. Smith met J. R. Brown at 5 p.m. on Monday.", 1},
      {"It ended at 5 p.m. The next day it rained.", 2},
      {"See e.g. the list, i.e. all of it.", 1},
      {"It costs 3.50 at www.example.com today.", 1},
      {"Wait... there is more. And more.", 2},
      {"Wait... There is more.", 2},
      {"He asked \"Why?!\" and left. (She stayed.) \"Good.\"", 4},
      {"1. Buy milk.\n2. Drink it.", 4},
      {"A heading\n\nA sentence below it.", 1},
      {"\xE4\xBD\xA0\xE5\xA5\xBD\xE3\x80\x82\xE5\x86\x8D\xE8\xA7\x81\xEF\xBC\x81\xEF\xBC\x81", 2},  // two in Chinese, one with two marks
  };
  for (const auto& [text, count] : cases) EXPECT_EQ(ifeval::count_sentences(text), count) << text;
}

TEST(Ifeval, CountsWordsInCapitals) {
  const std::pair<const char*, size_t> cases[] = {
      {"IT'S", 2},       {"It's", 0},         {"DON'T", 2},           {"DON'T.\" he", 2}, {"CANNOT", 2}, {"WE'LL GO", 3},
      {"WELL-DONE", 1},  {"A--B", 2},         {"A...B", 2},           {"A1 (B) <C>", 3},  {"I A a", 2},  {"U.S.A.", 1},
      {"3,000 X,Y", 2},  {"'HELLO' 'TIS", 2}, {"X\xE2\x80\x99S", 2},  {"O'BRIEN", 1},     {"X_Y", 1},    {"\xC3\x9C" "B\xC3\x9CR", 1},
      {"WANNA GO", 3},   {"WANNA-GO", 1},     {"Mr. X", 1},           {"***", 0},         {"2024", 0},
  };
  for (const auto& [text, count] : cases) EXPECT_EQ(ifeval::count_capital_words(text), count) << text;
}

TEST(Ifeval, TakesForJsonWhatPythonDoes) {
  for (const char* text : {"{}", "[]", " [1, -0.5e+3, \"a\\u00e9\\ud800\"] ", "{\"a\": {\"b\": []}, \"a\": null}", "NaN", "-Infinity", "0", "\"x\"",
                           "[[], {}, [{}]]"}) {
    EXPECT_TRUE(ifeval::is_python_json(text)) << text;
  }
  for (const char* text : {"", "{", "[1,]", "[,1]", "{\"a\"}", "{a: 1}", "{'a': 1}", "01", "1.", "+1", "-", "1e", "tru", "\"a\nb\"", "\"\\x\"", "\"\\u12\"",
                           "[1] 2", "[1 2]", "]", "{\"a\": 1, }", "{\"a\" 1}", "{1: 2}", "\"a", "[1}", "-NaN"}) {
    EXPECT_FALSE(ifeval::is_python_json(text)) << text;
  }
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  EXPECT_TRUE(ifeval::is_python_json(deep));
  EXPECT_FALSE(ifeval::is_python_json(std::string(1'000'000, '[')));
}

// Texts that a search which goes back over what it has read takes quadratic time for.
TEST(Ifeval, LargeAnswersTakeLinearTime) {
  const auto start = std::chrono::steady_clock::now();
  for (const char* unit : {"\n", " ", "*", "**a", "***", "* ", "-", "<<", "<<a\n", ">>", "[", "[a", "p.", "p. ", ".", ". ", "a.) ", "?", "'", "\"", "''S", "a'",
                           "CAN", "CANNOT", "1,", "Day ", "Day 1", "{\"", "[[", "\n\n", "******", "war", "wa", "A", "\xE0\xB2\xA8\xE0\xB3\x81 "}) {
    std::string answer = "x";
    while (answer.size() < 100'000) answer += unit;
    for (const Case& one : kCases) {
      const auto instructions = ifeval::read_reference(reference(one.id, one.kwargs));
      ASSERT_TRUE(instructions) << one.id;
      instructions->at(0).checker->follows(instructions->at(0).arguments, answer);
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  // 100 MB of text in all: about a second. A search that is quadratic takes many seconds for one text alone.
  EXPECT_LT(took.count(), 40);
}

}  // namespace
}  // namespace slm::lab
