#include "lab/choices.h"

#include <gtest/gtest.h>

#include "lab/testing/word_scorer.h"

namespace slm::lab {
namespace {

using testing::WordScorer;

TEST(ScoreItem, SumsTheEndingsLogprobs) {
  WordScorer scorer;
  // Ids in order of first sight: Q 0, : 1, then one a word of the endings.
  scorer.encode("Q : x0 x1 x2 x3 x4");  // " x0" 2 .. " x4" 6
  const auto record = score_item(scorer, {17, "Q :", {"x2 x3", "x4"}, 0});
  ASSERT_TRUE(record) << record.error().text();
  ASSERT_EQ(record->scores.size(), 2u);
  EXPECT_NEAR(record->scores[0], -(1 + 4 % 5) / 2.0 - (1 + 5 % 5) / 2.0, 1e-6);  // -2.5 - 0.5
  EXPECT_NEAR(record->scores[1], -(1 + 6 % 5) / 2.0, 1e-6);                      // -1
  EXPECT_EQ(record->characters, (std::vector<uint32_t>{5, 2}));
  EXPECT_EQ(record->answer_by_sum, 1u);
  EXPECT_EQ(record->answer, 1u);
  EXPECT_EQ(record->id, 17u);
  EXPECT_FALSE(record->right());
  ASSERT_EQ(scorer.calls.size(), 2u);
  EXPECT_EQ(scorer.calls[0].first, 2u);  // both begin with the context's ids
  EXPECT_TRUE(std::equal(scorer.calls[0].ids.begin(), scorer.calls[0].ids.begin() + 2, scorer.calls[1].ids.begin()));
}

TEST(ScoreItem, LengthInCharactersDecidesAccNorm) {
  WordScorer scorer;
  scorer.encode("Q bb 一二三四五六七八九十一二三四五六七八九十");
  // " bb" has id 1: -1 over 2 characters; the other id 2: -1.5 over 20 characters (60 bytes).
  const auto record = score_item(scorer, {0, "Q", {"bb", "一二三四五六七八九十一二三四五六七八九十"}, 1});
  ASSERT_TRUE(record) << record.error().text();
  EXPECT_EQ(record->characters[1], 20u);
  EXPECT_EQ(record->answer_by_sum, 0u);
  EXPECT_EQ(record->answer, 1u);
}

TEST(ScoreItem, TooLongForTheContextIsAnErrorWithBothCounts) {
  WordScorer scorer(4);
  const auto record = score_item(scorer, {9, "a b c", {"d e"}, 0});
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().kind, ErrorKind::kDoesNotFit);
  const std::string text = record.error().text(Language::kEnglish);
  EXPECT_NE(text.find("item 9"), std::string::npos) << text;
  EXPECT_NE(text.find("5 tokens"), std::string::npos) << text;
}

TEST(ScoreAfter, NothingToScoreIsAnError) {
  WordScorer scorer;
  EXPECT_FALSE(scorer.score_after("", "a"));
  EXPECT_FALSE(scorer.score_after("a", ""));
}

}  // namespace
}  // namespace slm::lab
