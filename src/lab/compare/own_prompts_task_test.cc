#include "lab/compare/own_prompts_task.h"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "base/text.h"
#include "lab/comparison_details.h"
#include "lab/testing/scripted_generator.h"

namespace slm::lab {
namespace {

constexpr const char* kPrompts = R"({"prompt": "12 * 12?", "expected": 144}
{"prompt": "Say hello."}
{"prompt": "Capital of Australia?", "expected": "Canberra"}
{"prompt": "Which is a fruit?", "choices": ["iron", "apple"], "expected": "apple"}
)";

OwnPromptSet set_of(std::string_view text, uint32_t max_tokens = 512) {
  auto prompts = parse_own_prompts(text, "my.jsonl");
  EXPECT_TRUE(prompts) << prompts.error().text();
  return {"my.jsonl", std::move(*prompts), max_tokens};
}

class OwnPromptsTask : public ::testing::Test {
 protected:
  explicit OwnPromptsTask(std::string_view text = kPrompts) : set_(set_of(text)), data_(own_prompts_row(task_, set_)) {}

  // What a model that writes these answers is graded.
  std::vector<TaskRecord> answered(const std::vector<std::string>& answers, bool is_chat = true) {
    std::vector<TaskRecord> records;
    for (size_t i = 0; i < answers.size(); ++i) {
      testing::ScriptedGenerator generator([&](const GenerateRequest&) { return testing::answer_text(answers[i]); }, is_chat);
      auto record = run_item(data_, data_.items[i], {&generator, nullptr, "", "model"}, nullptr, {});
      EXPECT_TRUE(record) << record.error().text();
      records.push_back(std::move(*record));
    }
    return records;
  }

  Comparison comparison_of(const std::vector<TaskRecord>& a, const std::vector<TaskRecord>& b) const {
    Comparison comparison;
    comparison.rows = own_prompt_rows(data_, a, b, 1);
    return comparison;
  }

  OwnPromptSet set_;
  Task task_ = own_prompts_task(512);
  RowData data_;
};

TEST_F(OwnPromptsTask, EachIsGradedAsItSays) {
  const auto right = answered({"It is 144.", "Hello!", "Canberra", "B"}), wrong = answered({"1144", "", "Sydney", "A"});
  for (size_t i : {0, 2, 3}) {
    EXPECT_TRUE(right[i].is_graded) << i;
    EXPECT_EQ(right[i].grade, 1) << i;
    EXPECT_EQ(wrong[i].grade, 0) << i;
  }
  EXPECT_FALSE(right[1].is_graded);
}

TEST_F(OwnPromptsTask, IsAskedByTemplateOrAsPlainText) {
  EXPECT_EQ(answered({"144"}, true)[0].transcript, "[user]\n12 * 12?\n\n[assistant]\n144");
  EXPECT_EQ(answered({" 144"}, false)[0].transcript, "12 * 12? 144");
}

TEST_F(OwnPromptsTask, RowsOfGradedAndOfOthers) {
  const auto a = answered({"144", "Hello!", "Canberra", "B"}), b = answered({"0", "Hi", "Sydney", "B"});
  const auto rows = own_prompt_rows(data_, a, b, 1);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].id, "prompts");
  EXPECT_TRUE(rows[0].is_rate);
  EXPECT_EQ(rows[0].a.number, 1);
  EXPECT_NEAR(*rows[0].b.number, 1.0 / 3, 1e-12);
  EXPECT_EQ(rows[0].p, 0.5);  // two to none
  ASSERT_EQ(rows[0].records.size(), 6u);
  EXPECT_EQ(rows[0].records[0].answer, "144");
  EXPECT_EQ(rows[0].records[0].prompt, "12 * 12?");
  EXPECT_EQ(rows[1].id, "prompts_ungraded");
  EXPECT_EQ(rows[1].verdict, Verdict::kFact);
  EXPECT_EQ(rows[1].a.number, 6);  // characters
  EXPECT_EQ(rows[1].b.number, 2);
  EXPECT_EQ(rows[2].id, "prompts_seconds");
  EXPECT_EQ(rows[2].records.size(), 8u);
}

TEST_F(OwnPromptsTask, WithoutAnythingAnsweredItIsNotMeasured) {
  const auto rows = own_prompt_rows(data_, {}, answered({"144"}), 1);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].verdict, Verdict::kNotMeasured);
}

TEST_F(OwnPromptsTask, AFailedAnswerCountsNeitherWay) {
  auto a = answered({"144", "x", "Canberra", "B"});
  const auto b = answered({"144", "x", "Canberra", "B"});
  a[0].is_graded = false;
  const auto rows = own_prompt_rows(data_, a, b, 1);
  EXPECT_EQ(rows[0].records.size(), 4u);
  EXPECT_EQ(rows[1].records.size(), 4u);
}

TEST(OwnPromptsContext, HoldsTheLongest) {
  const uint32_t one = own_prompts_context(set_of("{\"prompt\": \"a\"}", 100));
  EXPECT_GE(one, 101u);
  EXPECT_EQ(own_prompts_context(set_of("{\"prompt\": \"" + std::string(5'000, 'a') + "\"}", 100)), one + 4'999);
}

size_t count_lines(const std::string& text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')); }

TEST_F(OwnPromptsTask, StandsSideBySideInEqualLines) {
  const std::string hostile = "\x1b[2J\ttab\r\n" + std::string(300, 'w') + "\n讲个关于图书馆的笑话,很长很长的一个笑话,一直讲到一行都放不下为止。\xff";
  const auto comparison = comparison_of(answered({hostile, hostile, "", "B"}), answered({"144", "x\ny\nz", "Canberra", hostile}));
  for (const Language shown : {Language::kEnglish, Language::kChinese}) {
    const Language before = language();
    set_language(shown);
    const std::string text = terminal_answers(comparison);
    set_language(before);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_EQ(display_width(line), 80u) << line;
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_NE(text.find("图书馆"), std::string::npos);
  }
}

TEST_F(OwnPromptsTask, OfLongAnswersTheFirstLinesAreShown) {
  std::string answer;
  for (int i = 0; i < 40; ++i) answer += "line " + std::to_string(i) + "\n";
  const std::string text = terminal_answers(comparison_of(answered({answer}), answered({"x"})));
  EXPECT_NE(text.find("line 10 "), std::string::npos);
  EXPECT_EQ(text.find("line 11 "), std::string::npos);
  EXPECT_NE(text.find("29 more lines"), std::string::npos);
}

TEST(OwnPromptsShown, TheFirstFewOfMany) {
  Comparison many;
  ComparisonRow row = fact_row("prompts_ungraded", "prompts", {}, {}, {});
  for (uint32_t i = 0; i < 40; ++i) {
    for (const char model : {'a', 'b'}) row.records.push_back({i, model, "answer", 6, "", "prompt " + std::to_string(i)});
  }
  many.rows = {row};
  const std::string text = terminal_answers(many);
  EXPECT_NE(text.find("the first 5 of 40"), std::string::npos);
  EXPECT_NE(text.find("prompt 4"), std::string::npos);
  EXPECT_EQ(text.find("prompt 5"), std::string::npos);
  EXPECT_LT(count_lines(text), 40u);
  EXPECT_NE(markdown_answers(many).find("prompt 39"), std::string::npos);
}

TEST(OwnPromptsShown, AFenceOutlastsTheAnswer) {
  Comparison comparison;
  ComparisonRow row = fact_row("prompts_ungraded", "prompts", {}, {}, {});
  for (const char model : {'a', 'b'}) row.records.push_back({0, model, "```python\n````\n```", 6, "", "code?"});
  comparison.rows = {row};
  EXPECT_NE(markdown_answers(comparison).find("\n`````text\n```python\n````\n```\n`````\n"), std::string::npos);
  EXPECT_EQ(terminal_answers(Comparison{}) + markdown_answers(Comparison{}), "");
}

}  // namespace
}  // namespace slm::lab
