#include "lab/tasks/own_prompts.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/temporary_directory.h"
#include "lab/graders/grader.h"

namespace slm::lab {
namespace {

std::vector<OwnPrompt> parsed(std::string_view text, const std::string& path = "my.jsonl") {
  auto prompts = parse_own_prompts(text, path);
  EXPECT_TRUE(prompts) << prompts.error().text(Language::kEnglish);
  return prompts ? *prompts : std::vector<OwnPrompt>();
}

std::string error_of(std::string_view text, const std::string& path = "my.jsonl") {
  const auto prompts = parse_own_prompts(text, path);
  return prompts ? "no error" : prompts.error().text(Language::kEnglish);
}

// What the grader the file chose says of an answer.
double value_of(const OwnPrompt& own, std::string_view answer) {
  const Grader* grader = find_grader(own.grader);
  if (grader == nullptr) {
    ADD_FAILURE() << own.grader;
    return -1;
  }
  const auto grade = grader->grade({own.prompt, answer, own.reference, false});
  EXPECT_TRUE(grade) << grade.error().text();
  return grade ? grade->value : -1;
}

TEST(OwnPrompts, OnePromptALine) {
  const auto prompts = parsed("\xEF\xBB\xBFTell a joke.\r\n\n  讲个笑话。 \n[1, 2] what is it?", "my.txt");
  ASSERT_EQ(prompts.size(), 3u);
  EXPECT_EQ(prompts[0].prompt, "Tell a joke.");
  EXPECT_EQ(prompts[1].prompt, "讲个笑话。");
  EXPECT_EQ(prompts[2].prompt, "[1, 2] what is it?");
  EXPECT_EQ(prompts[1].id, 1u);
  EXPECT_EQ(prompts[1].line, 3u);
  for (const OwnPrompt& own : prompts) EXPECT_EQ(own.grader + own.reference, "");
}

TEST(OwnPrompts, TheFirstLineTellsTheKind) {
  EXPECT_EQ(parsed("{\"prompt\": \"a\"}\n", "my.txt")[0].prompt, "a");
  EXPECT_EQ(parsed("{curly} is what?\n", "my.txt")[0].prompt, "{curly} is what?");
  EXPECT_EQ(parsed("{\"prompt\": \"a\\nb\"}\n")[0].prompt, "a\nb");
}

TEST(OwnPrompts, ANumberIsGradedAsANumber) {
  const auto prompts = parsed(R"({"prompt": "12 * 12?", "expected": 144})" "\n" R"({"prompt": "12 * 12?", "expected": "144"})" "\n"
                              R"({"prompt": "5 / 2?", "expected": 2.5, "topic": "maths"})");
  ASSERT_EQ(prompts.size(), 3u);
  for (const OwnPrompt& own : prompts) EXPECT_EQ(own.grader, "number");
  EXPECT_EQ(value_of(prompts[0], "12 times 12 is 144."), 1);
  EXPECT_EQ(value_of(prompts[1], "It is 1144."), 0);
  EXPECT_EQ(value_of(prompts[2], "2.50"), 1);
}

TEST(OwnPrompts, ATextIsToStandInTheAnswer) {
  const auto prompts = parsed(R"({"prompt": "Capital?", "expected": ["Canberra", "堪培拉"]})" "\n"
                              R"({"prompt": "A list?", "expected": "[\"a\"]"})" "\n" R"({"prompt": "When?", "expected": "2024-01-02"})");
  ASSERT_EQ(prompts.size(), 3u);
  for (const OwnPrompt& own : prompts) EXPECT_EQ(own.grader, "contains");
  EXPECT_EQ(value_of(prompts[0], "It is canberra."), 1);
  EXPECT_EQ(value_of(prompts[0], "是堪培拉。"), 1);
  EXPECT_EQ(value_of(prompts[0], "Sydney"), 0);
  EXPECT_EQ(value_of(prompts[1], "a"), 0);  // the text as it stands, not a list of texts
  EXPECT_EQ(value_of(prompts[1], "So: [\"a\"]"), 1);
  EXPECT_EQ(value_of(prompts[2], "On 2024-01-02."), 1);
}

TEST(OwnPrompts, ARegularExpression) {
  const auto own = parsed(R"({"prompt": "A date.", "regex": "^\\d{4}-\\d{2}-\\d{2}$"})").at(0);
  EXPECT_EQ(own.grader, "regex");
  EXPECT_EQ(value_of(own, "2024-01-02"), 1);
  EXPECT_EQ(value_of(own, "On 2024-01-02."), 0);
}

TEST(OwnPrompts, ChoicesAreAskedForByLetter) {
  const auto prompts = parsed(R"({"prompt": "A fruit?", "choices": ["iron", "apple", 3], "expected": "apple"})" "\n"
                              R"({"prompt": "哪个是水果?", "choices": ["铁", "苹果"], "expected": "B"})" "\n"
                              R"({"prompt": "Which letter comes first?", "choices": ["B", "A"], "expected": "A"})");
  ASSERT_EQ(prompts.size(), 3u);
  EXPECT_EQ(prompts[0].prompt, "A fruit?\n\nA. iron\nB. apple\nC. 3\n\nAnswer with the letter of the right option only.");
  EXPECT_EQ(prompts[0].grader, "choice");
  EXPECT_EQ(prompts[0].reference, "B/C");
  EXPECT_EQ(value_of(prompts[0], "B"), 1);
  EXPECT_EQ(value_of(prompts[0], "C"), 0);
  EXPECT_EQ(prompts[1].prompt, "哪个是水果?\n\nA. 铁\nB. 苹果\n\n只回答正确选项的字母。");
  EXPECT_EQ(prompts[1].reference, "B/B");
  EXPECT_EQ(prompts[2].reference, "B/B");  // an option's text goes before a letter
}

TEST(OwnPrompts, AMistakeIsNamedWithItsLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "my.jsonl: no prompts"},
      {" \n\n", "no prompts"},
      {"{\"prompt\": \"a\"}\n\n{\"prompt\": \"b\"", "my.jsonl, line 3: not valid JSON"},
      {"Hello", "line 1: not valid JSON"},
      {"[1]", "line 1: a line of a .jsonl file is an object"},
      {"{}", "line 1: \"prompt\" is missing"},
      {R"({"prompt": 5})", "\"prompt\" is missing or no text"},
      {R"({"prompt": "  "})", "\"prompt\" is missing or no text"},
      {R"({"promt": "a"})", "did you mean \"prompt\"?"},
      {R"({"prompt": "a", "expcted": 1})", "did you mean \"expected\"?"},
      {R"({"prompt": "a", "expected": null})", "\"expected\" is a text"},
      {R"({"prompt": "a", "expected": ""})", "\"expected\" is a text"},
      {R"({"prompt": "a", "expected": []})", "\"expected\" is a text"},
      {R"({"prompt": "a", "expected": ["x", {}]})", "\"expected\" is a text"},
      {R"({"prompt": "a", "regex": 7})", "\"regex\" is a text"},
      {R"({"prompt": "a", "regex": "("})", "regular expression"},
      {R"({"prompt": "a", "regex": "a", "expected": "b"})", "\"regex\" stands without"},
      {R"({"prompt": "a", "choices": ["x"], "expected": "x"})", "\"choices\" is a list of 2 to 26"},
      {R"({"prompt": "a", "choices": ["x", "x"], "expected": "x"})", "\"choices\" is a list of 2 to 26"},
      {R"({"prompt": "a", "choices": ["x", []], "expected": "x"})", "\"choices\" is a list of 2 to 26"},
      {R"({"prompt": "a", "choices": "xy", "expected": "x"})", "\"choices\" is a list of 2 to 26"},
      {R"({"prompt": "a", "choices": ["x", "y"]})", "\"choices\" needs \"expected\""},
      {R"({"prompt": "a", "choices": ["x", "y"], "expected": "C"})", "\"choices\" needs \"expected\""},
  };
  for (const auto& [text, part] : cases) {
    const std::string said = error_of(text);
    EXPECT_NE(said.find(part), std::string::npos) << text << ": " << said;
  }
}

TEST(OwnPrompts, LimitsHold) {
  std::string many;
  for (size_t i = 0; i < limits::kOwnPromptsMax; ++i) many += "a\n";
  EXPECT_EQ(parsed(many, "my.txt").size(), limits::kOwnPromptsMax);
  EXPECT_EQ(error_of(many + "a", "my.txt"), "my.txt: more than 10000 prompts");
  EXPECT_NE(error_of(std::string(limits::kOwnPromptMaxBytes + 1, 'a'), "my.txt").find("line 1"), std::string::npos);
  EXPECT_NE(error_of("{\"prompt\": " + std::string(1'000'000, '[')).find("line 1"), std::string::npos);
}

TEST(OwnPrompts, AFileInAnotherEncodingNamesTheFlag) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("my.txt", "\xBD\xB2\xB8\xF6\xD0\xA6\xBB\xB0\xA1\xA3\n");  // a line in GB18030
  const auto refused = read_own_prompts(path, "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(refused.error().hint_text(Language::kEnglish).find("--encoding gb18030"), std::string::npos);
  const auto read = read_own_prompts(path, "gb18030");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->at(0).prompt, "讲个笑话。");
  EXPECT_EQ(read_own_prompts(directory / "none.txt", "").error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace slm::lab
