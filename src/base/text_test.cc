#include "base/text.h"

#include <gtest/gtest.h>

namespace slm {
namespace {

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_FALSE(first_invalid_utf8("plain \xE4\xBD\xA0\xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF").has_value());
  const std::pair<const char*, size_t> cases[] = {
      {"ab\x80", 2},           {"\xC0\xAF", 0},          {"a\xE0\x80\xAF", 1},      {"\xED\xA0\x80", 0},
      {"\xF4\x90\x80\x80", 0}, {"\xF5\x80\x80\x80", 0}, {"\xE4\xBD", 0},           {"ok\xE4\xBDx", 2},
      {"\xF0\x8F\xBF\xBF", 0}, {"x\xFE", 1},
  };
  for (const auto& [text, at] : cases) EXPECT_EQ(first_invalid_utf8(text), at) << testing::PrintToString(text);
}

TEST(Utf8, CountsTheBytesOfAnUnfinishedCharacter) {
  EXPECT_EQ(incomplete_utf8_suffix(""), 0u);
  EXPECT_EQ(incomplete_utf8_suffix("abc"), 0u);
  EXPECT_EQ(incomplete_utf8_suffix("a\xE4"), 1u);
  EXPECT_EQ(incomplete_utf8_suffix("a\xE4\xBD"), 2u);
  EXPECT_EQ(incomplete_utf8_suffix("a\xE4\xBD\xA0"), 0u);
  EXPECT_EQ(incomplete_utf8_suffix("\xF0\x9F\x98"), 3u);
  // What can never become a character is not waited for.
  EXPECT_EQ(incomplete_utf8_suffix("a\xBD"), 0u);
  EXPECT_EQ(incomplete_utf8_suffix("\xED\xA0"), 0u);
  EXPECT_EQ(incomplete_utf8_suffix("\xC0"), 0u);
  EXPECT_EQ(incomplete_utf8_suffix("\xBD\xBD\xBD\xBD"), 0u);
}

TEST(Utf8, ReplacesEachBadSequenceOnce) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(to_valid_utf8("a\xFFz"), "a" + r + "z");
  EXPECT_EQ(to_valid_utf8("\xE4\xBDz"), r + "z");
  EXPECT_EQ(to_valid_utf8("\xE0\x80"), r + r);
  EXPECT_EQ(to_valid_utf8("\xF0\x9F\x98"), r);
  EXPECT_FALSE(first_invalid_utf8(to_valid_utf8("\xED\xA0\x80\xC3\x28")).has_value());
}

TEST(Utf8, EncodesEveryLength) {
  std::string out;
  for (const char32_t c : {U'a', U'\u00e9', U'\u4f60', U'\U0001F600'}) append_utf8(out, c);
  EXPECT_EQ(out, "a\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x98\x80");
  out.clear();
  append_utf8(out, 0xD800);
  append_utf8(out, 0x110000);
  EXPECT_EQ(out, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Printable, HoldsNoControlCharacters) {
  EXPECT_EQ(printable("a\x1b[2J\n\x7f\xff"), "a?[2J???");
  EXPECT_EQ(printable("a\xC2\x80" "b\xC2\x9B" "2J\xC2\x9F"), "a?b?2J?");
  EXPECT_EQ(printable("\xC2\xA0\xC3\x80\xE4\xB8\xAD"), "\xC2\xA0\xC3\x80\xE4\xB8\xAD");
}

TEST(Width, CountsColumns) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("\xE4\xBD\xA0\xE5\xA5\xBD"), 4u);      // two Han characters
  EXPECT_EQ(display_width("e\xCC\x81"), 1u);                      // e and a combining accent
  EXPECT_EQ(display_width("\xEF\xBC\x9A"), 2u);                  // full-width colon
  EXPECT_EQ(display_width("\xF0\x9F\x98\x80"), 2u);              // emoji
  EXPECT_EQ(display_width("a\xFF"), 2u);
}

TEST(Width, PadsAndCutsToTheColumn) {
  EXPECT_EQ(pad_right("ab", 4), "ab  ");
  EXPECT_EQ(pad_left("ab", 4), "  ab");
  EXPECT_EQ(pad_right("abcdef", 4), "ab..");
  const std::string han = "\xE4\xBD\xA0\xE5\xA5\xBD\xE4\xBD\xA0";  // 6 columns
  EXPECT_EQ(pad_right(han, 8), han + "  ");
  EXPECT_EQ(pad_right(han, 5), "\xE4\xBD\xA0.. ");  // a wide character does not fit in the odd column
  for (size_t columns = 0; columns < 8; ++columns) {
    EXPECT_EQ(display_width(pad_right(han, columns)), columns);
    EXPECT_EQ(display_width(pad_left(han, columns)), columns);
  }
}

TEST(Encoding, RecognisesGb18030) {
  const std::string gb = "\xC4\xE3\xBA\xC3";  // ni hao
  EXPECT_TRUE(looks_like_gb18030(gb));
  EXPECT_EQ(from_encoding(gb, "GB18030").value(), "\xE4\xBD\xA0\xE5\xA5\xBD");
  EXPECT_FALSE(looks_like_gb18030("\xE4\xBD\xA0"));
  EXPECT_FALSE(looks_like_gb18030("\xFF\xFF\xFF"));
  const std::string far(20'000, 'a');  // longer than one round of the converter
  EXPECT_EQ(from_encoding(far + gb, "gb18030").value(), far + "\xE4\xBD\xA0\xE5\xA5\xBD");
  EXPECT_EQ(from_encoding("", "gb18030").value(), "");
}

TEST(Encoding, SaysWhatIsWrong) {
  EXPECT_EQ(from_encoding("x", "no-such-encoding").error().kind, ErrorKind::kUsage);
  const auto bad = from_encoding("abc\xFF\xFF", "gb18030");
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(bad.error().message.args.at(1), "3");
  EXPECT_FALSE(from_encoding("abc\xC4", "gb18030").has_value());  // ends within a character
}

TEST(FormatBytes, UsesPowersOfAThousand) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1'234), "1.2 kB");
  EXPECT_EQ(format_bytes(98'362'432), "98.4 MB");
  EXPECT_EQ(format_bytes(999'960'000), "1.00 GB");
  EXPECT_EQ(format_bytes(1'100'000'000), "1.10 GB");
  EXPECT_EQ(format_bytes(~0ull), "18.45 EB");
}

TEST(NearestSpelling, FindsSlipsOnly) {
  const std::vector<std::string> names = {"--max-tokens", "--temperature", "--seed", "smollm2:135m"};
  EXPECT_EQ(nearest_spelling("--max-token", names), "--max-tokens");
  EXPECT_EQ(nearest_spelling("--sede", names), "--seed");
  EXPECT_EQ(nearest_spelling("SmolLM2:135M", names), "smollm2:135m");
  EXPECT_FALSE(nearest_spelling("--zzzzzz", names).has_value());
  EXPECT_FALSE(nearest_spelling("", names).has_value());
  EXPECT_FALSE(nearest_spelling(std::string(100'000, 'a'), names).has_value());
}

}  // namespace
}  // namespace slm
