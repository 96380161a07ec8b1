#include "tokenizer/unicode.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "tokenizer/nfc.h"

namespace slm::unicode {
namespace {

Json golden(const std::string& name) {
  const auto text = read_text_file(SLM_SOURCE_DIR "/tests/golden/tokenizer/" + name);
  EXPECT_TRUE(text) << name;
  return *parse_json(*text);
}

std::string utf8(char32_t code) {
  std::string out;
  append_utf8(out, code);
  return out;
}

bool is_surrogate(char32_t code) { return code >= 0xD800 && code <= 0xDFFF; }

// Every code point against what the original's regular expressions match.
TEST(Unicode, ClassesOfAllCodePointsAreTheOriginals) {
  const Json classes = golden("classes.json");
  const std::pair<const char*, uint8_t> expected[] = {{"letter", kLetter}, {"number", kNumber}, {"space", kSpace},
                                                      {"digit", kDigit}};
  for (const auto& [name, bit] : expected) {
    std::vector<bool> in(kEnd);
    const Json& ranges = classes[name];
    ASSERT_GT(ranges.size(), 0u);
    for (size_t i = 0; i < ranges.size(); i += 2)
      for (size_t code = ranges[i]; code <= ranges[i + 1]; ++code) in[code] = true;
    size_t different = 0;
    for (char32_t code = 0; code < kEnd; ++code)
      if (!is_surrogate(code)) different += in[code] != ((char_class(code) & bit) != 0);
    EXPECT_EQ(different, 0u) << name;
  }
}

TEST(Unicode, NfcOfEveryCharacterIsTheOriginals) {
  const Json facts = golden("nfc.json");
  std::vector<std::string> expected(kEnd);
  for (const Json& entry : facts["changed"]) expected[entry[0].get<size_t>()] = entry[1];
  size_t different = 0, changed = 0;
  for (char32_t code = 0; code < kEnd; ++code) {
    if (is_surrogate(code)) continue;
    const std::string text = utf8(code);
    const std::string normal = to_nfc(text);
    different += normal != (expected[code].empty() ? text : expected[code]);
    changed += normal != text;
    EXPECT_TRUE(normal == text || first_nfc_check(text)) << static_cast<uint32_t>(code);
  }
  EXPECT_EQ(different, 0u);
  EXPECT_EQ(changed, facts["changed"].size());
}

TEST(Unicode, NfcComposesThePairsTheOriginalComposes) {
  const Json facts = golden("nfc.json");
  for (const Json& entry : facts["pairs"]) {
    const std::string text = utf8(entry[0].get<uint32_t>()) + utf8(entry[1].get<uint32_t>());
    EXPECT_EQ(to_nfc(text), entry[2].get<std::string>()) << entry;
  }
}

TEST(Unicode, NfcReordersEveryMarkAsTheOriginal) {
  const Json facts = golden("nfc.json");
  std::vector<size_t> expected(kEnd);
  for (const Json& entry : facts["reordered"]) expected[entry[0].get<size_t>()] = entry[1];
  std::vector<std::string> witnesses;
  for (const Json& code : facts["witnesses"]) witnesses.push_back("q" + utf8(code.get<uint32_t>()));
  ASSERT_GT(witnesses.size(), 40u);
  for (char32_t code = 0; code < kEnd; ++code) {
    if (is_surrogate(code) || ((char_class(code) & kNfcCheck) == 0 && expected[code] == 0)) continue;
    if (code >= 0xAC00 && code <= 0xD7A3) continue;
    size_t reordered = 0;
    for (const std::string& witness : witnesses) reordered += to_nfc(witness + utf8(code)) != witness + utf8(code);
    // Characters that NFC replaces are in the test before this one.
    EXPECT_TRUE(reordered == expected[code] || to_nfc(utf8(code)) != utf8(code)) << static_cast<uint32_t>(code);
  }
}

TEST(Unicode, HangulComposes) {
  EXPECT_EQ(to_nfc("\u1112\u1161\u11ab\u1100\u1173\u11af"), "\ud55c\uae00");
  EXPECT_EQ(to_nfc("\uac00\u11a7"), "\uac00\u11a7");  // U+11A7 is no trailing consonant
}

TEST(Unicode, BytesThatAreNotUtf8SurviveNfc) {
  const std::string text = std::string("e\xCC\x81\xFF") + "\xCC\x81" + "\xE4\xBD" + "e\xCC\x81";
  EXPECT_EQ(to_nfc(text), "\xC3\xA9\xFF\xCC\x81\xE4\xBD\xC3\xA9");
}

TEST(Unicode, DecodingRefusesWhatIsNotUtf8) {
  for (const std::string bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                                "\xE4\xBD", "\xF0\x9F\x98", "\xC3", "\xFF"}) {
    const Decoded decoded = decode(bad.data(), bad.data() + bad.size());
    EXPECT_FALSE(decoded.valid()) << to_text(Json(bad));
    EXPECT_EQ(decoded.length, 1u);
  }
  for (const char32_t code : {0x0u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xD7FFu, 0xE000u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    const std::string text = utf8(code);
    EXPECT_EQ(decode(text.data(), text.data() + text.size()).code, code);
    EXPECT_EQ(decode(text.data(), text.data() + text.size()).length, text.size());
  }
}

}  // namespace
}  // namespace slm::unicode
