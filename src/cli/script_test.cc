#include "cli/script.h"

#include <gtest/gtest.h>

#include "base/message.h"
#include "cli/conversation.h"

namespace slm::cli {
namespace {

TEST(Script, TellsTheLanguageMostLettersAreIn) {
  EXPECT_EQ(language_by_script("Why is the sky blue?"), "");
  EXPECT_EQ(language_by_script("¿Por qué? 123"), "");
  EXPECT_EQ(language_by_script("为什么天空是蓝色的？"), "zh");
  EXPECT_EQ(language_by_script("请解释 HTTP 和 JSON 的区别"), "zh");
  EXPECT_EQ(language_by_script("The word 你 means you in Chinese, and it is used all the time."), "");
  EXPECT_EQ(language_by_script("なぜ空は青いのですか"), "ja");
  EXPECT_EQ(language_by_script("하늘은 왜 파란가요?"), "ko");
  EXPECT_EQ(language_by_script("Почему небо голубое?"), "ru");
  EXPECT_EQ(language_by_script("لماذا السماء زرقاء؟"), "ar");
  EXPECT_EQ(language_by_script("आसमान नीला क्यों है"), "hi");
  EXPECT_EQ(language_by_script("123 !? \xff\xfe"), "");
  EXPECT_EQ(language_by_script(""), "");
}

TEST(Script, EveryLanguageHasAName) {
  for (const char* code : {"zh", "ja", "ko", "ru", "ar", "hi", "en"}) {
    const std::string_view key = language_name_key(code);
    EXPECT_NE(render(msg(key), Language::kChinese), key) << code;
    EXPECT_NE(key, "cli.language.other") << code;
  }
  EXPECT_EQ(language_name_key("tlh"), "cli.language.other");
}

TEST(TerminalSafe, TakesControlCharactersOut) {
  EXPECT_EQ(terminal_safe("a\x1b[31mred\x07\r\nb\tc\x7f"), "a[31mred\nb\tc");
  EXPECT_EQ(terminal_safe("\xc2\x9b" "31m\xc2\xa0你"), "31m\xc2\xa0你");
}

}  // namespace
}  // namespace slm::cli
