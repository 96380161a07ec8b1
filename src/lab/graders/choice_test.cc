#include "lab/graders/choice.h"

#include <gtest/gtest.h>

namespace slm::lab {
namespace {

struct Case {
  const char* answer;
  char letter;
  ChoiceEvidence evidence;
};

TEST(ChosenLetter, ByWhatSaysSo) {
  const Case cases[] = {
      {"答案是B。", 'B', ChoiceEvidence::kStated},
      {"经过分析A不对，因此正确答案为：C", 'C', ChoiceEvidence::kStated},
      {"答案：（Ｄ）", 'D', ChoiceEvidence::kStated},
      {"综上，故选 A 项", 'A', ChoiceEvidence::kStated},
      {"The answer is (B).", 'B', ChoiceEvidence::kStated},
      {"the correct option is: **c**", 'C', ChoiceEvidence::kStated},
      {"So \\boxed{D}", 'D', ChoiceEvidence::kStated},
      {"The answer is a matter of taste. B", 'B', ChoiceEvidence::kCushion},
      {"B", 'B', ChoiceEvidence::kAlone},
      {"B. 北京鸭", 'B', ChoiceEvidence::kAlone},
      {"(c)", 'C', ChoiceEvidence::kAlone},
      {"**A**", 'A', ChoiceEvidence::kAlone},
      {"Let me think.\n\nD\n", 'D', ChoiceEvidence::kAlone},
      {"我觉得 C 最合适", 'C', ChoiceEvidence::kCushion},
      {"A man walks in. So B fits", 'B', ChoiceEvidence::kCushion},
      {"Because of that", 0, ChoiceEvidence::kNone},
      {"E", 0, ChoiceEvidence::kNone},
      {"DNA and CPU", 0, ChoiceEvidence::kNone},
      {"", 0, ChoiceEvidence::kNone},
  };
  for (const Case& one : cases) {
    const ChosenLetter found = chosen_letter(one.answer, 'D');
    EXPECT_EQ(found.letter, one.letter) << one.answer;
    EXPECT_EQ(static_cast<int>(found.evidence), static_cast<int>(one.evidence)) << one.answer;
  }
}

TEST(ChosenLetter, FirstStatementCounts) { EXPECT_EQ(chosen_letter("答案是A\n\n题目二\n答案是B", 'D').letter, 'A'); }

TEST(ChosenLetter, LongAnswersTakeLinearTime) {
  std::string brackets = "答案", choices;
  while (brackets.size() < 1u << 16) brackets += "(";
  while (choices.size() < 1u << 16) choices += "选择";
  EXPECT_EQ(chosen_letter(brackets, 'D').letter, 0);
  EXPECT_EQ(chosen_letter(choices, 'D').letter, 0);
}

TEST(GradeChoice, CushionHitsAreMarked) {
  EXPECT_EQ(grade_choice({"", "答案是B", "B"})->value, 1);
  EXPECT_TRUE(grade_choice({"", "答案是B", "B"})->marks.empty());
  const auto cushion = grade_choice({"", "也许是 B 吧", "B"});
  EXPECT_EQ(cushion->value, 1);
  EXPECT_EQ(cushion->marks, std::vector<std::string>{"cushion"});
  EXPECT_EQ(grade_choice({"", "不知道", "B"})->marks, std::vector<std::string>{"no_answer"});
  EXPECT_EQ(grade_choice({"", "E", "E/F"})->value, 1);
}

TEST(GradeChoice, ReferencesThatAreNoLetter) {
  for (const char* reference : {"", "b", "E", "B/", "F/E", "BC", "0"}) {
    const auto bad = grade_choice({"", "A", reference});
    ASSERT_FALSE(bad) << reference;
    EXPECT_EQ(bad.error().kind, ErrorKind::kCorrupt);
  }
}

}  // namespace
}  // namespace slm::lab
