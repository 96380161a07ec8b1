#include "lab/compare/article.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace slm::lab {
namespace {

Json comparison_of(const std::string& a, const std::string& b) {
  const auto row = [](const std::string& id, const std::string& verdict, double value_a, double value_b) {
    return Json{{"id", id}, {"verdict", verdict}, {"a", value_a}, {"b", value_b}};
  };
  return {{"models", {{{"name", a}}, {{"name", b}}}},
          {"rows", {row("decode", "better", 58, 18), row("gsm8k", "better", 0.45, 0.10), row("peak_memory", "better", 4e8, 1.7e9)}}};
}

TEST(Article, IsHeldAgainstItsOwnModels) {
  const auto article = article_json(comparison_of("qwen2.5:0.5b-instruct", "gemma:2b"));
  ASSERT_TRUE(article) << article.error().text();
  ASSERT_GT(article->size(), 40u);
  bool measured = false;
  for (const Json& claim : *article) {
    for (const char* key : {"claim", "quote", "verdict", "evidence"}) EXPECT_TRUE(claim.contains(key)) << key;
    for (const Json& evidence : claim["evidence"]) measured = measured || evidence["basis"] == "measured";
  }
  EXPECT_TRUE(measured);
}

// Outcomes of what was measured here, of one claim.
std::vector<std::string> measured_outcomes(const Json& article, const std::string& claim) {
  std::vector<std::string> outcomes;
  for (const Json& one : article) {
    if (one["claim"] != claim) continue;
    for (const Json& evidence : one["evidence"]) {
      if (evidence["kind"] == "measured") outcomes.push_back(evidence["outcome"].get<std::string>());
    }
  }
  return outcomes;
}

TEST(Article, SpeedsCountOnlyByItsProtocol) {
  Json comparison = comparison_of("qwen2.5:0.5b-instruct", "gemma:2b");
  comparison["tier"] = "quick";
  EXPECT_EQ(measured_outcomes(*article_json(comparison), "S1"), std::vector<std::string>{"silent"});
  comparison["tier"] = "article";
  EXPECT_EQ(measured_outcomes(*article_json(comparison), "S1"), std::vector<std::string>{"supports"});
  EXPECT_EQ(measured_outcomes(*article_json(comparison), "S3"), (std::vector<std::string>{"supports", "silent"}));
  comparison["rows"].push_back({{"id", "gpu_memory"}, {"verdict", "worse"}, {"a", 3.6e9}, {"b", 1.1e9}});
  comparison["rows"].push_back({{"id", "mean_watts"}, {"verdict", "better"}, {"a", 31.0}, {"b", 52.0}});
  EXPECT_EQ(measured_outcomes(*article_json(comparison), "S3"), (std::vector<std::string>{"supports", "refutes"}));
  EXPECT_EQ(measured_outcomes(*article_json(comparison), "S4"), std::vector<std::string>{"supports"});
}

// As Ollama, vLLM and LM Studio call them.
TEST(Article, KnowsItsModelsByTheNamesOfServers) {
  for (const auto& [a, b] : {std::pair{"qwen2.5:0.5b", "gemma:2b"}, {"qwen2.5:0.5b-instruct-q4_K_M", "gemma:2b-instruct-q8_0"},
                             {"Qwen/Qwen2.5-0.5B-Instruct", "google/gemma-2b-it"}, {"qwen2.5-0.5b-instruct", "gemma-2b-it"}}) {
    EXPECT_FALSE(article_json(comparison_of(a, b))->empty()) << a;
  }
  for (const auto& [a, b] : {std::pair{"qwen2.5:0.5b-base", "gemma:2b"}, {"qwen2.5:0.5b", "gemma:2b-text"}, {"qwen2.5:0.5b-q", "gemma:2b"},
                             {"Qwen/Qwen2.5-0.5B", "google/gemma-2b-it"}, {"qwen2.5:0.5b", "gemma2:2b"}}) {
    EXPECT_TRUE(article_json(comparison_of(a, b))->empty()) << a << " " << b;
  }
}

TEST(Article, SaysNothingOfOtherModels) {
  const auto article = article_json(comparison_of("smollm2:135m", "gemma3:270m-base"));
  ASSERT_TRUE(article) << article.error().text();
  EXPECT_TRUE(article->empty());
}

TEST(Article, NeedsAComparison) {
  EXPECT_FALSE(article_json(Json::array()));
  EXPECT_FALSE(article_json({{"models", Json::array()}}));
}

}  // namespace
}  // namespace slm::lab
