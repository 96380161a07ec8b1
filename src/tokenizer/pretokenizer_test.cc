#include "tokenizer/pretokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace slm {
namespace {

using Words = std::vector<std::string>;

Words words(PreTokenizer kind, std::string_view text) {
  Words out;
  for_each_word(kind, text, [&](const char* begin, size_t length) { out.emplace_back(begin, length); });
  return out;
}

TEST(PreTokenizer, Gpt2) {
  const auto gpt2 = [](std::string_view text) { return words(PreTokenizer::kGpt2, text); };
  EXPECT_EQ(gpt2("Hello world's 123!?  \n x"), (Words{"Hello", " world", "'s", " 123", "!?", "  \n", " x"}));
  EXPECT_EQ(gpt2("I'M I'm"), (Words{"I", "'", "M", " I", "'m"}));
  EXPECT_EQ(gpt2("a  "), (Words{"a", "  "}));
  EXPECT_EQ(gpt2("\ta"), (Words{"\t", "a"}));
}

TEST(PreTokenizer, SmolLmSplitsEveryDigitFirst) {
  const auto smollm = [](std::string_view text) { return words(PreTokenizer::kSmolLm, text); };
  EXPECT_EQ(smollm("ab12 3"), (Words{"ab", "1", "2", " ", "3"}));
  EXPECT_EQ(smollm("x  7y"), (Words{"x", "  ", "7", "y"}));
  EXPECT_EQ(smollm("x  y"), (Words{"x", " ", " y"}));
}

TEST(PreTokenizer, Qwen2) {
  const auto qwen = [](std::string_view text) { return words(PreTokenizer::kQwen2, text); };
  EXPECT_EQ(qwen("it'S 12 (ok)\r\n\n  x"), (Words{"it", "'S", " ", "1", "2", " (", "ok", ")\r\n\n", " ", " x"}));
  EXPECT_EQ(qwen("'\u017fa"), (Words{"'\u017f", "a"}));
  EXPECT_EQ(qwen("\tabc \n \n  d"), (Words{"\tabc", " \n \n", " ", " d"}));
  EXPECT_EQ(qwen("\nabc"), (Words{"\n", "abc"}));
  EXPECT_EQ(qwen("e\u0301x"), (Words{"e", "\u0301x"}));  // a mark is no letter: it opens the next word
}

TEST(PreTokenizer, Llama3TakesThreeDigits) {
  EXPECT_EQ(words(PreTokenizer::kLlama3, "1234567"), (Words{"123", "456", "7"}));
}

TEST(PreTokenizer, EveryByteLandsInOneWord) {
  std::string text;
  uint32_t state = 1;
  for (int i = 0; i < 20000; ++i) {
    state = state * 1664525 + 1013904223;
    const char* const samples[] = {" ", "\n", "'", "s", "a", "7", "\xE4\xBD\xA0", "\xFF", "\xE4", "!", "\r", "\xC2\xA0"};
    text += samples[(state >> 16) % std::size(samples)];
  }
  for (const PreTokenizer kind : {PreTokenizer::kGpt2, PreTokenizer::kSmolLm, PreTokenizer::kQwen2, PreTokenizer::kLlama3}) {
    std::string joined;
    for (const std::string& word : words(kind, text)) {
      EXPECT_FALSE(word.empty());
      joined += word;
    }
    EXPECT_EQ(joined, text);
  }
}

}  // namespace
}  // namespace slm
