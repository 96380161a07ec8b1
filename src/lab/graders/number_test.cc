#include "lab/graders/number.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "lab/graders/number_text.h"

namespace slm::lab {
namespace {

std::vector<std::string> readings_of(std::string_view text) {
  const auto numbers = numbers_in(plain_numbers(text));
  return numbers.empty() ? std::vector<std::string>() : numbers.front().readings;
}

using Readings = std::vector<std::string>;

TEST(NumberText, OneForm) {
  EXPECT_EQ(readings_of("18"), (Readings{"18"}));
  EXPECT_EQ(readings_of("18.00"), (Readings{"18"}));
  EXPECT_EQ(readings_of("007.50"), (Readings{"7.5"}));
  EXPECT_EQ(readings_of("0.50"), (Readings{"0.5"}));
  EXPECT_EQ(readings_of(".25"), (Readings{"0.25"}));
  EXPECT_EQ(readings_of("-0"), (Readings{"0"}));
  EXPECT_EQ(readings_of("is -3.10"), (Readings{"-3.1"}));
  EXPECT_EQ(readings_of("-$5"), (Readings{"-5"}));
  EXPECT_EQ(readings_of("no number"), Readings());
}

TEST(NumberText, ThousandsAndDecimals) {
  EXPECT_EQ(readings_of("1,234,567"), (Readings{"1234567"}));
  EXPECT_EQ(readings_of("1,234.50"), (Readings{"1234.5"}));
  EXPECT_EQ(readings_of("1.234,50"), (Readings{"1234.5"}));
  EXPECT_EQ(readings_of("1,234"), (Readings{"1234", "1.234"}));
  EXPECT_EQ(readings_of("70.000"), (Readings{"70", "70000"}));
  EXPECT_EQ(readings_of("1,5"), (Readings{"1.5"}));
  EXPECT_EQ(readings_of("80 000"), (Readings{"80000", "0"}));
  EXPECT_EQ(readings_of("80\u202F000"), (Readings{"80000", "0"}));
  EXPECT_EQ(readings_of("3 apples 500"), (Readings{"3"}));
  EXPECT_EQ(readings_of("1{,}234"), (Readings{"1234", "1.234"}));
  EXPECT_EQ(readings_of("0.125"), (Readings{"0.125"}));
}

TEST(NumberText, OtherScriptsAndUnits) {
  EXPECT_EQ(readings_of("１２．５"), (Readings{"12.5"}));
  EXPECT_EQ(readings_of("１，２３４"), (Readings{"1234", "1.234"}));
  EXPECT_EQ(readings_of("有３个，５个"), (Readings{"3"}));
  EXPECT_EQ(readings_of("১৮"), (Readings{"18"}));
  EXPECT_EQ(readings_of("๑๒"), (Readings{"12"}));
  EXPECT_EQ(readings_of("౨౪"), (Readings{"24"}));
  EXPECT_EQ(readings_of("٧٫٥"), (Readings{"7.5"}));
  EXPECT_EQ(readings_of("−4"), (Readings{"-4"}));
  EXPECT_EQ(readings_of("7万"), (Readings{"70000", "7"}));
  EXPECT_EQ(readings_of("1.5 万"), (Readings{"15000", "1.5"}));
  EXPECT_EQ(readings_of("2亿"), (Readings{"200000000", "2"}));
}

TEST(NumberText, Fractions) {
  EXPECT_EQ(readings_of("3/4"), (Readings{"0.75"}));
  EXPECT_EQ(readings_of("6/9"), (Readings{"2/3"}));
  EXPECT_EQ(readings_of("\\frac{30}{42}"), (Readings{"5/7"}));
  EXPECT_EQ(readings_of("\\dfrac{9}{2}"), (Readings{"4.5"}));
  EXPECT_EQ(readings_of("1/0"), (Readings{"1/0"}));
  EXPECT_EQ(readings_of("1/999999999999999999"), (Readings{"1/999999999999999999"}));
  EXPECT_EQ(readings_of("1/1000000000000000000000"), (Readings{"1/1000000000000000000000"}));
  EXPECT_EQ(readings_of("-1/2"), (Readings{"-0.5"}));
}

TEST(NumberText, AMinusAfterANumberSubtracts) {
  const auto numbers = numbers_in("10-18");
  ASSERT_EQ(numbers.size(), 2u);
  EXPECT_EQ(numbers[1].readings, (Readings{"18"}));
  EXPECT_EQ(readings_of("答案是-5"), (Readings{"-5"}));
}

TEST(NumberText, LongTextsTakeLinearTime) {
  std::string digits(1 << 18, '7'), commas, fractions;
  while (commas.size() < 1u << 18) commas += "1,";
  while (fractions.size() < 1u << 18) fractions += "\\frac{";
  EXPECT_EQ(numbers_in(plain_numbers(digits)).size(), 1u);
  EXPECT_EQ(numbers_in(plain_numbers(commas)).size(), 1u);
  EXPECT_TRUE(numbers_in(plain_numbers(fractions)).empty());
}

// tests/golden/graders/README.md
TEST(GoldenNumbers, AreThoseOfTheOriginalPatterns) {
  const auto text = read_text_file(SLM_SOURCE_DIR "/tests/golden/graders/numbers.jsonl");
  ASSERT_TRUE(text) << text.error().text();
  size_t n = 0;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const auto row = parse_json(line);
    ASSERT_TRUE(row);
    const std::string answer = (*row)["answer"];
    const auto expect = [&](const char* key, const std::optional<std::string>& found) {
      const Json& wanted = (*row)[key];
      EXPECT_EQ(found.has_value(), !wanted.is_null()) << key << " of " << line;
      if (found && wanted.is_string()) {
        EXPECT_EQ(*found, wanted.get<std::string>()) << key << " of " << line;
      }
    };
    expect("strict", strict_number(answer));
    expect("flexible", flexible_number(answer));
    EXPECT_EQ(comparable_number(answer), (*row)["comparable"].get<std::string>()) << line;
    ++n;
  }
  EXPECT_EQ(n, 400u);
}

Grade grade(std::string_view answer, std::string_view reference = "18") {
  const auto graded = grade_number({"", answer, reference});
  EXPECT_TRUE(graded) << graded.error().text();
  return graded.value_or(Grade());
}

TEST(GradeNumber, ReadsTheFinalNumber) {
  EXPECT_EQ(grade("16 - 3 = 13 eggs ... #### 18").value, 1);
  EXPECT_EQ(grade("9 * 2 = 18, so \\boxed{18} dollars for 9 eggs").value, 1);
  EXPECT_EQ(grade("\\boxed{18 \\text{ dollars}^2}").value, 1);
  EXPECT_EQ(grade("\\boxed{x = 9 + 9 = 18}").value, 1);
  EXPECT_EQ(grade("\\boxed{18").value, 1);
  EXPECT_EQ(grade("The answer is $18.00.\nShe had 16 eggs.").value, 1);
  EXPECT_EQ(grade("答案是 １８ 美元。她有16个鸡蛋").value, 1);
  EXPECT_EQ(grade("Die Antwort lautet 70.000.", "70000").value, 1);
  EXPECT_EQ(grade("She makes $18 a day").value, 1);
  EXPECT_EQ(grade("It is 17.").value, 0);
}

TEST(GradeNumber, AHeadingIsNoAnswer) {
  EXPECT_EQ(grade("#### Step 1\n3 eggs\n#### 2. Then\nall 18").value, 1);
  EXPECT_EQ(grade("#### 1: count\n#### **$18**\n").value, 1);
}

// What comes after the first "####" belongs to a question nobody asked.
TEST(GradeNumber, RamblingOnDoesNotCount) { EXPECT_EQ(grade("#### 18\n\nQuestion: another\nAnswer: #### 5").value, 1); }

TEST(GradeNumber, SaysWhereTheFormWasMissed) {
  EXPECT_EQ(grade("It is 18").marks, std::vector<std::string>{"not_strict"});
  EXPECT_TRUE(grade("#### 18").marks.empty());
  EXPECT_TRUE(grade("\\boxed{18}").marks.empty());
  EXPECT_TRUE(grade("It is 17").marks.empty());
  EXPECT_EQ(grade("I cannot say").marks, std::vector<std::string>{"no_answer"});
  EXPECT_EQ(grade("").marks, std::vector<std::string>{"no_answer"});
  EXPECT_EQ(grade("It is 18").extracted, "18");
}

TEST(GradeNumber, ReferencesAsTheSetsHaveThem) {
  EXPECT_EQ(grade("#### 2125", "She needs 2,125 of 9.\n#### 2,125").value, 1);
  EXPECT_EQ(grade("5/7", "30/42").value, 1);
  EXPECT_EQ(grade("\\boxed{12\\%}", "12%").value, 1);
  const auto bad = grade_number({"", "18", "none"});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().kind, ErrorKind::kCorrupt);
}

// The gap between the two is a failure of form, not of arithmetic.
TEST(GradeGsm8k, StrictAndFlexible) {
  const GradeRequest spoken{"", "So she makes $18.", "... #### 18"};
  EXPECT_EQ(grade_gsm8k_strict(spoken)->value, 0);
  EXPECT_EQ(grade_gsm8k_strict(spoken)->marks, std::vector<std::string>{"no_answer"});
  EXPECT_EQ(grade_gsm8k_flexible(spoken)->value, 1);
  const GradeRequest decimal{"", "#### 18.00", "... #### 18"};
  EXPECT_EQ(grade_gsm8k_strict(decimal)->value, 0);  // the original compares texts
  EXPECT_EQ(grade_number(decimal)->value, 1);
  const GradeRequest rambling{"", "#### 18\nQuestion: 5 and 6?", "18"};
  EXPECT_EQ(grade_gsm8k_strict(rambling)->value, 1);
  EXPECT_EQ(grade_gsm8k_flexible(rambling)->value, 0);
  EXPECT_EQ(grade_gsm8k_flexible(rambling)->extracted, "6");
}

}  // namespace
}  // namespace slm::lab
