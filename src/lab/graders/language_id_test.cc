#include "lab/graders/language_id.h"

#include <gtest/gtest.h>

namespace slm::lab {
namespace {

TEST(LanguageId, NamesLanguagesByTheirIsoCode) {
  EXPECT_EQ(identify_language("The cat sat on the mat and looked out of the window.").code, "en");
  EXPECT_EQ(identify_language("Der Hund lief durch den Wald und suchte seinen Ball.").code, "de");
  EXPECT_EQ(identify_language("今天天气很好, 我们去公园散步吧。").code, "zh");
  EXPECT_EQ(identify_language("今天天氣很好, 我們去公園散步吧。").code, "zh");  // both scripts
  EXPECT_EQ(identify_language("今日は天気がいいので、公園を散歩しましょう。").code, "ja");
  EXPECT_EQ(identify_language("Сегодня хорошая погода, пойдём гулять в парк.").code, "ru");
  EXPECT_EQ(identify_language("היום מזג האוויר יפה מאוד, בוא נלך לטייל בפארק").code, "he");  // cld2 still says "iw"
}

TEST(LanguageId, CapitalsAreTheSameLanguage) {
  const LanguageGuess guess = identify_language("THE CAT SAT ON THE MAT AND LOOKED OUT OF THE WINDOW.");
  EXPECT_EQ(guess.code, "en");
  EXPECT_TRUE(guess.reliable);
}

TEST(LanguageId, TheMostTextDecidesAndItsShareIsTold) {
  const LanguageGuess guess = identify_language(
      "今天天气很好, 我们去公园散步吧。孩子们在草地上跑来跑去, 老人们坐在长椅上聊天, 一切都很安静。 The cat sat on the mat.");
  EXPECT_EQ(guess.code, "zh");
  EXPECT_GT(guess.share, 0.5);
  EXPECT_LT(guess.share, 1.0);
}

TEST(LanguageId, WithoutLettersThereIsNoLanguage) {
  for (const char* text : {"", " \n ", "12345", "*** ---"}) {
    const LanguageGuess guess = identify_language(text);
    EXPECT_EQ(guess.code, "") << text;
    EXPECT_EQ(guess.share, 0) << text;
    EXPECT_FALSE(guess.reliable) << text;
  }
}

TEST(LanguageId, AWordOnlyIsNoReliableGuess) { EXPECT_FALSE(identify_language("yes").reliable); }

TEST(LanguageId, BytesThatAreNotTextArePassedOver) {
  const std::string sentence = "The cat sat on the mat and looked out of the window.";
  EXPECT_EQ(identify_language(sentence + "\xFF\xFE\xC0").code, "en");
  EXPECT_EQ(identify_language(std::string("\0\x01\x02", 3) + sentence).code, "en");
  EXPECT_EQ(identify_language("\uFFFE\u0085" + sentence).code, "en");
  std::string cut = "今天天气很好, 我们去公园散步吧。";
  cut.pop_back();
  EXPECT_EQ(identify_language(cut).code, "zh");
}

TEST(LanguageId, ALongTextTakesNoLongerThanItsFirstPart) {
  std::string text;
  while (text.size() < 32u << 20) text += "The cat sat on the mat and looked out of the window. ";
  EXPECT_EQ(identify_language(text).code, "en");
}

}  // namespace
}  // namespace slm::lab
