#include "lab/audit/model_shape.h"

#include <gtest/gtest.h>

#include "lab/audit/claimed_value.h"
#include "lab/audit/sources.h"

namespace slm::lab::audit {
namespace {

ModelShape shape_named(std::string_view name) {
  const auto known = shape_in_data(name);
  EXPECT_TRUE(known.has_value()) << name;
  return known ? known->shape : ModelShape{};
}

TEST(ModelShape, CountsTheParametersTheMakersState) {
  EXPECT_EQ(shape_named("qwen2.5:0.5b-instruct").parameters(), 494'032'768u);
  EXPECT_EQ(shape_named("gemma:2b").parameters(), 2'506'172'416u);
  // Of the files at hand, from their headers.
  EXPECT_EQ(shape_named("smollm2:135m").parameters(), 134'515'008u);
  EXPECT_EQ(shape_named("gemma3:270m-base").parameters(), 268'098'176u);
}

// Bytes of every tensor of SmolLM2-135M-Instruct.Q4_1.gguf and gemma-3-270m-q4_k_m.gguf, summed, and of the whole files.
TEST(ModelShape, QuantisesAsTheFilesAtHandAre) {
  const ModelShape small = shape_named("smollm2:135m"), base = shape_named("gemma3:270m-base");
  EXPECT_EQ(weight_bytes(small, Quantization::kQ4_1), 66'355'200u + 30'081'024u + 140'544u);
  EXPECT_EQ(weight_bytes(base, Quantization::kQ4_K_M), 179'824'640u + 43'591'680u + 13'271'040u + 9'676'800u + 223'744u);
  EXPECT_EQ(weight_bytes(small, Quantization::kQ4_1) + small.header_bytes, 98'362'432u);
  EXPECT_EQ(weight_bytes(base, Quantization::kQ4_K_M) + base.header_bytes, 253'113'024u);
}

TEST(ModelShape, SizesOfTheArticlesModels) {
  const ModelShape qwen = shape_named("qwen2.5:0.5b-instruct"), gemma = shape_named("gemma:2b");
  const auto mb = [](uint64_t bytes) { return (bytes + 50'000) / 100'000; };  // tenths of a MB
  // Published files, which hold some more keys: 352.15 MB in Q4_0, 398 MB in Q4_K_M, 994 MB in F16.
  EXPECT_EQ(mb(weight_bytes(qwen, Quantization::kQ4_0) + qwen.header_bytes), 3521u);
  EXPECT_EQ(mb(weight_bytes(qwen, Quantization::kQ4_K_M) + qwen.header_bytes), 3978u);
  EXPECT_EQ(mb(weight_bytes(qwen, Quantization::kF16) + qwen.header_bytes), 9941u);
  EXPECT_EQ(mb(weight_bytes(gemma, Quantization::kF16)), 50125u);
  EXPECT_EQ(qwen.kv_bytes(1), 12'288u);
  EXPECT_EQ(gemma.kv_bytes(1), 18'432u);
}

TEST(ModelShape, WindowedLayersKeepTheirWindow) {
  const ModelShape gemma = shape_named("gemma3:270m-base");  // 3 of 18 layers see all, 15 see 512 positions
  EXPECT_EQ(gemma.kv_bytes(100), 18u * 1024 * 100);
  EXPECT_EQ(gemma.kv_bytes(4096), 1024u * (3 * 4096 + 15 * 512));
  EXPECT_EQ(gemma.kv_bytes(4096, 320), 1024u * (3 * 4096 + 15 * 832));
  const ModelShape gemma2 = shape_named("gemma2:2b");
  EXPECT_EQ(gemma2.kv_bytes(8192), 4u * 4 * 256 * (13 * 8192 + 13 * 4096));
}

TEST(ModelShape, AnUntiedModelReadsOneOfItsTwoMatrices) {
  ModelShape shape = shape_named("smollm2:135m");
  EXPECT_EQ(bytes_per_token(shape, Quantization::kF16), weight_bytes(shape, Quantization::kF16));
  shape.tied = false;
  const uint64_t embedding = 2 * shape.embedding_parameters();
  EXPECT_EQ(bytes_per_token(shape, Quantization::kF16), weight_bytes(shape, Quantization::kF16) - embedding);
}

TEST(ModelShape, RowsThatFitNoBlockFallBack) {
  ModelShape odd{1, 48, 1, 1, 48, 48, 100, 10};  // 48 is no multiple of 32
  EXPECT_EQ(weight_bytes(odd, Quantization::kQ4_0), weight_bytes(odd, Quantization::kF16));
}

TEST(ModelShape, FromAHeader) {
  const ModelShape known = shape_named("gemma3:270m-base");
  ModelFacts facts;
  facts.n_layers = 18;
  facts.width = 640;
  facts.n_heads = 4;
  facts.n_kv_heads = 1;
  facts.head_dim = 256;
  facts.ffn = 2048;
  facts.vocabulary = 262144;
  facts.context = 32768;
  facts.parameters = 268'098'176;
  facts.file_bytes = 1'000;
  facts.types = {{"F32", 1, 100, 400}};
  const auto shape = shape_of(facts);
  ASSERT_TRUE(shape.has_value());
  EXPECT_EQ(shape->vector_parameters, known.vector_parameters);
  EXPECT_TRUE(shape->tied);
  EXPECT_EQ(shape->header_bytes, 600u);
  facts.parameters += known.embedding_parameters();
  EXPECT_FALSE(shape_of(facts)->tied);
  facts.parameters = 1'000;
  EXPECT_EQ(shape_of(facts).error().kind, ErrorKind::kCorrupt);
}

ClaimedValue claimed(std::string_view text) {
  const auto root = parse_yaml(text, "f");
  EXPECT_TRUE(root.has_value());
  const auto value = read_claimed_value(*root);
  EXPECT_TRUE(value.has_value()) << value.error().text();
  return value ? *value : ClaimedValue{};
}

TEST(ClaimedValue, IsAnInterval) {
  EXPECT_TRUE(claimed("{value: 0.3e9, step: 0.1e9}").holds(0.35e9));
  EXPECT_FALSE(claimed("{value: 0.3e9, step: 0.1e9}").holds(0.3501e9));
  EXPECT_TRUE(claimed("{value: 60}").holds(60));
  EXPECT_FALSE(claimed("{value: 60}").holds(60.1));
  EXPECT_TRUE(claimed("{value: 100, step: 1, about: true}").holds(109.9));
  EXPECT_FALSE(claimed("{value: 100, step: 1, about: true}").holds(110.1));
  EXPECT_TRUE(claimed("{from: 90, to: 110}").holds(90));
  EXPECT_TRUE(claimed("{at_least: 150}").holds(1e12));
  EXPECT_FALSE(claimed("{at_most: 2}").holds(2.1));
}

TEST(ClaimedValue, RefusesTheImpossible) {
  for (const char* text : {"{value: -1}", "{value: 1e300}", "{from: 3, to: 2}", "{value: nan}", "{at_least: -2}", "{from: 1}", "{value: 1, stp: 2}", "{}", "3"}) {
    const auto root = parse_yaml(text, "f");
    ASSERT_TRUE(root.has_value());
    const auto value = read_claimed_value(*root);
    ASSERT_FALSE(value.has_value()) << text;
    EXPECT_EQ(value.error().kind, ErrorKind::kCorrupt);
    EXPECT_EQ(value.error().text(Language::kEnglish).substr(0, 2), "f:") << text;
  }
}

TEST(ClaimedValue, IsShownWithItsUnit) {
  EXPECT_EQ(format_quantity(494'032'768, Unit::kCount), "494,032,768");
  EXPECT_EQ(format_quantity(999, Unit::kCount), "999");
  EXPECT_EQ(format_claimed(claimed("{value: 0.3e9, step: 0.1e9}"), Unit::kBytes), "250 MB .. 350 MB");
  EXPECT_EQ(format_claimed(claimed("{at_least: 150}"), Unit::kTokensPerSecond), ">= 150 tok/s");
  EXPECT_EQ(format_claimed(claimed("{value: 29}"), Unit::kCount), "29");
}

}  // namespace
}  // namespace slm::lab::audit
