#include "lab/perplexity.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lab/testing/word_scorer.h"

namespace slm::lab {
namespace {

using testing::WordScorer;

std::string words(size_t n) {
  std::string text;
  for (size_t i = 0; i < n; ++i) text += (i > 0 ? " w" : "w") + std::to_string(i);
  return text;
}

TEST(StridedWindows, ScoreEachIdButTheFirstOnceWithHalfAWindowBefore) {
  for (size_t n : {2u, 3u, 7u, 8u, 9u, 12u, 13u, 100u, 101u}) {
    for (uint32_t window : {2u, 3u, 7u, 8u, 64u, 200u}) {
      std::vector<int> scored(n);
      for (const Window& w : strided_windows(n, window)) {
        ASSERT_LE(w.length, window);
        ASSERT_LE(w.begin + w.length, n);
        ASSERT_GE(w.first, w.begin == 0 ? 1 : window / 2);
        for (size_t i = w.begin + w.first; i < w.begin + w.length; ++i) ++scored[i];
      }
      EXPECT_EQ(scored[0], 0);
      for (size_t i = 1; i < n; ++i) EXPECT_EQ(scored[i], 1) << n << " " << window << " " << i;
    }
  }
  EXPECT_TRUE(strided_windows(1, 8).empty());
  EXPECT_TRUE(strided_windows(0, 8).empty());
}

TEST(SeparateWindows, ScoreTheLastHalfOfWholeWindows) {
  const std::vector<Window> windows = separate_windows(1'100, 512);
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows[1].begin, 512u);
  EXPECT_EQ(windows[1].length, 512u);
  EXPECT_EQ(windows[1].first, 257u);
  EXPECT_EQ(windows[1].length - windows[1].first, 512u / 2 - 1);
  EXPECT_TRUE(separate_windows(511, 512).empty());
}

TEST(Perplexity, IsTheExponentOfTheMeanSurprise) {
  WordScorer scorer;
  const auto measured = measure_perplexity(scorer, words(21), {}, {});
  ASSERT_TRUE(measured) << measured.error().text();
  double sum = 0, squares = 0;
  size_t bytes = 0;
  for (int i = 1; i <= 20; ++i) {
    const double surprise = (1 + i % 5) / 2.0;
    sum += surprise;
    squares += surprise * surprise;
    bytes += std::string(" w" + std::to_string(i)).size();
  }
  const double mean = sum / 20;
  EXPECT_EQ(measured->tokens, 20u);
  EXPECT_NEAR(measured->perplexity, std::exp(mean), 1e-9);
  EXPECT_NEAR(measured->standard_error, std::exp(mean) * std::sqrt((squares / 20 - mean * mean) / 19), 1e-9);
  EXPECT_NEAR(measured->bits_per_byte, sum / std::log(2.0) / static_cast<double>(bytes), 1e-9);
}

TEST(Perplexity, SeparateWindowsBeginWithBos) {
  WordScorer scorer(64, true);
  const auto measured = measure_perplexity(scorer, words(25), {.window = 8}, {});
  ASSERT_TRUE(measured) << measured.error().text();
  ASSERT_EQ(scorer.calls.size(), 3u);  // BOS and 25 words: 26 ids, three whole windows
  EXPECT_EQ(measured->tokens, 3u * (8 / 2 - 1));
  for (const WordScorer::Call& call : scorer.calls) {
    EXPECT_EQ(call.ids.size(), 8u);
    EXPECT_EQ(call.ids.front(), WordScorer::kBos);
    EXPECT_EQ(call.first, 5u);
  }
  EXPECT_EQ(scorer.calls[1].ids[1], scorer.id_of(" w8"));
}

TEST(Perplexity, WithoutBosWindowsAreTheTextItself) {
  WordScorer scorer;
  ASSERT_TRUE(measure_perplexity(scorer, words(16), {.window = 8}, {}));
  ASSERT_EQ(scorer.calls.size(), 2u);
  EXPECT_EQ(scorer.calls[1].ids.front(), scorer.id_of(" w8"));
}

TEST(Perplexity, DropsOneNewlineAtTheEnd) {
  WordScorer scorer;
  const auto bare = measure_perplexity(scorer, "a b c", {}, {}), one = measure_perplexity(scorer, "a b c\n", {}, {});
  const auto two = measure_perplexity(scorer, "a b c\n\n", {}, {});
  EXPECT_EQ(bare->tokens, one->tokens);
  EXPECT_EQ(two->tokens, bare->tokens + 1);
}

TEST(Perplexity, RefusesWhatItCannotMeasure) {
  WordScorer scorer(64);
  for (uint32_t window : {1u, 3u, 65u}) {
    const auto measured = measure_perplexity(scorer, words(100), {.window = window}, {});
    ASSERT_FALSE(measured);
    EXPECT_EQ(measured.error().kind, ErrorKind::kUsage);
  }
  const auto empty = measure_perplexity(scorer, "", {}, {});
  ASSERT_FALSE(empty);
  const auto small = measure_perplexity(scorer, words(7), {.window = 8}, {});
  ASSERT_FALSE(small);
  EXPECT_NE(small.error().text().find("7"), std::string::npos);
  EXPECT_NE(small.error().text().find("8"), std::string::npos);
}

TEST(Perplexity, StopsWhenCancelled) {
  WordScorer scorer;
  std::atomic<bool> cancelled{false};
  int reports = 0;
  const Watch watch{[&](const Progress& progress) {
                      EXPECT_EQ(progress.total, 10u);
                      cancelled = ++reports == 2;
                    },
                    &cancelled};
  const auto measured = measure_perplexity(scorer, words(40), {.window = 4}, watch);
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().message.key, "lab.interrupted");
  EXPECT_EQ(scorer.calls.size(), 2u);
}

TEST(SentenceBits, CountsEveryByteAfterANewline) {
  WordScorer scorer;
  const auto measured = measure_sentence(scorer, "a b");
  ASSERT_TRUE(measured) << measured.error().text();
  EXPECT_EQ(measured->bytes, 3u);
  ASSERT_EQ(scorer.calls.size(), 1u);
  EXPECT_EQ(scorer.calls[0].ids, (std::vector<TokenId>{scorer.id_of("\n"), scorer.id_of("a"), scorer.id_of(" b")}));
  EXPECT_EQ(scorer.calls[0].first, 1u);
  const double surprise = -WordScorer::logprob_of_id(scorer.id_of("a")) - WordScorer::logprob_of_id(scorer.id_of(" b"));
  EXPECT_NEAR(measured->bits, surprise / std::log(2.0), 1e-9);
}

}  // namespace
}  // namespace slm::lab
