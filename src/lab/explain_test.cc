#include "lab/explain.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "base/temporary_directory.h"
#include "runtime/runtime.h"
#include "runtime/testing/tiny_chat_model.h"

namespace slm::lab {
namespace {

constexpr MachineLimits kLimits{.read_gb_per_s = 20, .byte_gmac_per_s = 400, .float_gmac_per_s = 100};

TEST(ExplainedPart, HoldsItsRatesAgainstTheMachine) {
  const ExplainedPart part{.name = "down", .type = "Q4_0", .seconds = 0.002, .calls = 24, .bytes = 30e6, .macs = 50e6};
  EXPECT_DOUBLE_EQ(part.gb_per_s(), 15);
  EXPECT_DOUBLE_EQ(part.share_of_reads(kLimits), 0.75);
  EXPECT_DOUBLE_EQ(part.gmac_per_s(), 25);
  EXPECT_DOUBLE_EQ(part.share_of_products(kLimits), 25.0 / 400);
  EXPECT_DOUBLE_EQ(part.least_seconds(kLimits), 0.0015);  // to read; to multiply 0.000125
}

TEST(ExplainedPart, IsHeldAgainstTheProductsOfItsKind) {
  const ExplainedPart part{.name = "attention", .type = "F16", .of_floats = true, .seconds = 0.002, .calls = 24, .bytes = 1e6, .macs = 100e6};
  EXPECT_DOUBLE_EQ(part.share_of_products(kLimits), 0.5);
  EXPECT_DOUBLE_EQ(part.least_seconds(kLimits), 0.001);
}

TEST(ExplainedPart, OfNothingHasNoRates) {
  const ExplainedPart waiting{.name = "waiting", .type = {}, .seconds = 0.001};
  EXPECT_EQ(waiting.gb_per_s(), 0);
  EXPECT_EQ(waiting.share_of_products(kLimits), 0);
  EXPECT_EQ(waiting.least_seconds(kLimits), 0);
  const ExplainedPart untimed{.name = "down", .type = "Q4_0", .bytes = 10};
  EXPECT_EQ(untimed.gb_per_s(), 0);
  EXPECT_EQ(ExplainedPart(waiting).share_of_reads({}), 0);
}

ExplainedSample sample(double seconds, std::vector<std::pair<const char*, double>> parts) {
  ExplainedSample made{seconds, {}};
  for (const auto& [name, part_seconds] : parts) made.parts.push_back({.name = name, .type = "Q8_0", .seconds = part_seconds, .calls = 2, .bytes = 100, .macs = 10});
  return made;
}

TEST(Explained, TakesMediansOfTimesAndMeansOfWork) {
  const BenchRow row{BenchWork::kDecode, 3, 0, 1, {}};
  const ExplainedRow made = explained(row, {sample(10, {{"qkv", 4}, {"head", 3}}), sample(12, {{"qkv", 5}, {"head", 3}}), sample(30, {{"head", 9}, {"attention", 1}})});
  EXPECT_EQ(made.measured, 3u);
  EXPECT_EQ(made.seconds, 12);
  ASSERT_EQ(made.parts.size(), 4u);
  EXPECT_EQ(made.parts[0].name, "qkv");
  EXPECT_EQ(made.parts[0].seconds, 4);  // 0, 4, 5
  EXPECT_DOUBLE_EQ(made.parts[0].bytes, 200.0 / 3);
  EXPECT_EQ(made.parts[1].name, "attention");
  EXPECT_EQ(made.parts[1].seconds, 0);
  EXPECT_EQ(made.parts[2].name, "head");
  EXPECT_EQ(made.parts[2].seconds, 3);
  EXPECT_EQ(made.parts[2].macs, 10);
  EXPECT_EQ(made.parts[3].name, "rest");
  EXPECT_EQ(made.parts[3].seconds, 4);  // 3, 4, 20
  EXPECT_EQ(made.sum().seconds, 11);
  EXPECT_DOUBLE_EQ(made.sum().bytes, 2 * 200.0 / 3 / 2 + 100 + 100.0 / 3);
}

TEST(Explained, OfNothingIsEmpty) {
  const ExplainedRow made = explained({BenchWork::kPrefill, 8, 0, 1, {}}, {});
  EXPECT_EQ(made.measured, 0u);
  EXPECT_TRUE(made.parts.empty());
}

// A prompt in two batches, and steps behind it, of a model that is really run.
TEST(Explain, CountsWhatTheStepsReadAndMultiply) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/tiny.gguf";
  ASSERT_TRUE(tiny::write_tiny_chat_model(path, {.type = TensorType::kF16}));
  OpenOptions options;
  options.path = path;
  options.context = 64;
  options.max_batch_tokens = 16;
  options.threads = 2;
  auto opened = Runtime::open(options);
  ASSERT_TRUE(opened) << opened.error().text();
  Runtime& runtime = **opened;
  const BenchRow prefill{BenchWork::kPrefill, 24, 0, 1, {}}, decode{BenchWork::kDecode, 4, 8, 1, {}};
  const auto rows = explain(runtime, {prefill, decode}, 2, {});
  ASSERT_TRUE(rows) << rows.error().text();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].measured, 2u);
  EXPECT_EQ((*rows)[1].measured, 8u);

  const ModelFacts& facts = runtime.facts();
  const auto part_of = [](const ExplainedRow& row, std::string_view name) {
    const auto found = std::find_if(row.parts.begin(), row.parts.end(), [&](const ExplainedPart& part) { return part.name == name; });
    return found == row.parts.end() ? ExplainedPart{} : *found;
  };
  const double down_weights = 1.0 * facts.ffn * facts.width * facts.n_layers;
  const ExplainedPart down = part_of((*rows)[1], "down"), of_prompt = part_of((*rows)[0], "down");
  EXPECT_EQ(down.type, "F16");
  EXPECT_TRUE(down.of_floats);
  EXPECT_EQ(down.calls, facts.n_layers);
  EXPECT_EQ(down.bytes, 2 * down_weights);
  EXPECT_EQ(down.macs, down_weights);
  // The first batch asks for no logits: of its last layer no more than keys and values is computed.
  EXPECT_EQ(of_prompt.calls, 2 * facts.n_layers - 1);
  EXPECT_EQ(of_prompt.macs, down_weights / facts.n_layers * ((facts.n_layers - 1) * 24 + 1));
  // Steps at 9 to 12 see 10 to 13 positions.
  EXPECT_EQ(part_of((*rows)[1], "attention").macs, 11.5 * 2 * facts.n_heads * facts.head_dim * facts.n_layers);
  EXPECT_EQ(part_of((*rows)[1], "head").calls, 1);
  std::set<std::string> seen;
  for (const ExplainedPart& part : (*rows)[1].parts) {
    EXPECT_TRUE(seen.insert(std::string(part.name) + part.type).second) << part.name;
    EXPECT_GE(part.seconds, 0) << part.name;
  }
  EXPECT_TRUE(seen.contains("rest") && seen.contains("waiting") && seen.contains("norms") && seen.contains("qkvF16"));
}

}  // namespace
}  // namespace slm::lab
