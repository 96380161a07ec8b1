#include "base/json.h"

#include <gtest/gtest.h>

namespace slm {
namespace {

TEST(JsonText, KeepsKeyOrder) {
  const auto json = parse_json(R"({"z":1,"a":{"y":[1,2.5,"s",null,true]}})");
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(to_text(*json), R"({"z":1,"a":{"y":[1,2.5,"s",null,true]}})");
}

TEST(JsonText, NamesThePlaceOfAMistake) {
  const auto json = parse_json(R"({"a": x})");
  ASSERT_FALSE(json.has_value());
  EXPECT_EQ(json.error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(json.error().message.args.at(0), "6");
  for (const char* text : {"", "{", "[1,]", "\"a", "nul", "{} {}", "\"\\u12\"", "[1] x", "\x01"}) {
    EXPECT_FALSE(parse_json(text).has_value()) << text;
  }
}

TEST(JsonText, BoundsDepthBeforeParsing) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(64), 64).has_value());
  const auto deep = parse_json(nested(65), 64);
  ASSERT_FALSE(deep.has_value());
  EXPECT_EQ(deep.error().message.key, "base.json_too_deep");
  EXPECT_EQ(parse_json(std::string(1'000'000, '[')).error().message.key, "base.json_too_deep");
  // Brackets within strings are text.
  EXPECT_TRUE(parse_json("\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"", 2).has_value());
}

TEST(JsonText, BoundsSizeAndRefusesBadUtf8) {
  EXPECT_EQ(parse_json("[1,2]", 64, 4).error().kind, ErrorKind::kDoesNotFit);
  const auto bad = parse_json("[\"\xff\"]");
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().message.args.at(0), "2");
}

TEST(JsonText, NumbersOutOfRangeAreErrorsNotExceptions) {
  EXPECT_FALSE(parse_json("[1e999999]").has_value());
  EXPECT_TRUE(parse_json("[123456789012345678901234567890]").has_value());
}

TEST(JsonText, WritesInvalidUtf8AsReplacement) {
  EXPECT_EQ(to_text(Json("a\xff")), "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(to_text(Json{{"a", 1}}, 2), "{\n  \"a\": 1\n}");
}

}  // namespace
}  // namespace slm
