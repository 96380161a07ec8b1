#include "runtime/runtime.h"

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <gtest/gtest.h>

#include "gguf/writer.h"
#include "runtime/model_quantization.h"
#include "runtime/testing/tiny_chat_model.h"

namespace slm {
namespace {

using tiny::TinyChatModel;

std::string model_path(const TinyChatModel& options = {}, const std::string& name = "model.gguf") {
  const std::string directory = testing::TempDir() + "slm_runtime_" + std::to_string(getpid());
  std::filesystem::create_directories(directory);
  const std::string path = directory + "/" + name;
  const Status status = tiny::write_tiny_chat_model(path, options);
  EXPECT_TRUE(status.has_value()) << (status ? "" : status.error().text(Language::kEnglish));
  return path;
}

std::unique_ptr<Runtime> open_runtime(OpenOptions options = {}, const TinyChatModel& model = {}) {
  options.path = model_path(model);
  if (options.threads == 0) options.threads = 2;
  auto runtime = Runtime::open(options);
  EXPECT_TRUE(runtime.has_value()) << (runtime ? "" : runtime.error().text(Language::kEnglish));
  return runtime ? std::move(*runtime) : nullptr;
}

GenerateOptions greedy(uint32_t max_tokens) {
  GenerateOptions options;
  options.max_tokens = max_tokens;
  options.ignore_end_tokens = true;
  return options;
}

template <class T>
void expect_error(const Result<T>& result, ErrorKind kind, const std::string& part) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, kind);
  EXPECT_NE(result.error().text(Language::kEnglish).find(part), std::string::npos) << result.error().text(Language::kEnglish);
}

TEST(Facts, ComeFromTheHeader) {
  const auto facts = Runtime::facts(model_path());
  ASSERT_TRUE(facts.has_value()) << facts.error().text(Language::kEnglish);
  EXPECT_EQ(facts->architecture, "llama");
  EXPECT_EQ(facts->name, "tiny");
  EXPECT_EQ(facts->license, "apache-2.0");
  EXPECT_EQ(facts->context, 256u);
  EXPECT_EQ(facts->vocabulary, 265u);
  EXPECT_EQ(facts->n_layers, 2u);
  EXPECT_EQ(facts->tokenizer, "gpt2 / gpt-2");
  EXPECT_EQ(facts->quantization.name, "F32");
  EXPECT_NE(facts->chat_template.find("im_start"), std::string::npos);
  const uint64_t layer = 64 * 64 + 64 * 32 * 2 + 64 * 64 + 3 * 64 * 96 + 2 * 64;
  EXPECT_EQ(facts->parameters, 265u * 64 + 2 * layer + 64);
}

// A row of 256 or of 64 for each type; `file_type` below 0: the header says nothing.
ModelQuantization quantization_of_tensors(int file_type, const std::vector<std::pair<TensorType, uint64_t>>& rows) {
  gguf::Writer writer;
  writer.set_string("general.architecture", "llama");
  if (file_type >= 0) writer.set_u32("general.file_type", static_cast<uint32_t>(file_type));
  writer.add_tensor("norm", TensorType::kF32, {64}, std::vector<std::byte>(256));
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& [type, width] = rows[i];
    writer.add_tensor(std::to_string(i), type, {width, 2}, std::vector<std::byte>(2 * row_bytes(type, width)));
  }
  const auto bytes = writer.to_bytes();
  EXPECT_TRUE(bytes);
  const auto file = gguf::File::parse(*bytes);
  EXPECT_TRUE(file) << file.error().text();
  return quantization_of(**file);
}

TEST(Quantization, IsTheOneThatTheFileIsPublishedBy) {
  constexpr uint64_t kWide = 2'560, kNarrow = 640;  // 640 is no multiple of 256
  const auto gemma = quantization_of_tensors(15, {{TensorType::kQ8_0, 3 * kNarrow}, {TensorType::kQ5_0, kNarrow}, {TensorType::kQ4_K, 256}});
  EXPECT_EQ(gemma.name, "Q4_K_M");
  EXPECT_EQ(gemma.most_bytes, "Q8_0");
  const double q8 = 2 * 60 * 34, all = q8 + 2 * 20 * 22 + 2 * 144 + 256;
  EXPECT_DOUBLE_EQ(gemma.share, q8 / all);
  set_language(Language::kEnglish);
  EXPECT_EQ(gemma.text(), fmt::format("Q4_K_M ({:.0f} % of the bytes Q8_0)", 100 * q8 / all));

  // No row that its blocks divide: all of it is of what stands in.
  EXPECT_EQ(quantization_of_tensors(15, {{TensorType::kQ5_0, kNarrow}}).name, "Q4_K_M");
  const auto ordinary = quantization_of_tensors(15, {{TensorType::kQ4_K, kWide}, {TensorType::kQ6_K, 256}});
  EXPECT_EQ(ordinary.name, "Q4_K_M");
  EXPECT_EQ(ordinary.text(), "Q4_K_M");
}

TEST(Quantization, AHeaderThatTheTensorsContradictIsNotBelieved) {
  const std::vector<std::pair<TensorType, uint64_t>> eights = {{TensorType::kQ8_0, 2'560}};
  EXPECT_EQ(quantization_of_tensors(15, eights).text(), "Q8_0");
  EXPECT_EQ(quantization_of_tensors(15, {{TensorType::kQ5_0, 2'560}}).text(), "Q5_0") << "its blocks would divide these rows";
  EXPECT_EQ(quantization_of_tensors(0, eights).text(), "Q8_0") << "norms are F32 in every file";
  EXPECT_EQ(quantization_of_tensors(-1, eights).text(), "Q8_0");
  EXPECT_EQ(quantization_of_tensors(4'000, eights).text(), "Q8_0") << "no such file type";
  EXPECT_EQ(quantization_of_tensors(-1, {{TensorType::kQ4_0, 320}, {TensorType::kF16, 320}}).text(), "F16") << "by bytes, not by elements";
}

TEST(Facts, RefuseWhatCannotBeRun) {
  expect_error(Runtime::facts("/no/such/model.gguf"), ErrorKind::kNotFound, "/no/such/model.gguf");
  TinyChatModel other;
  other.architecture = "mamba";
  expect_error(Runtime::facts(model_path(other, "mamba.gguf")), ErrorKind::kFailed, "mamba");
}

TEST(Open, TakesTheContextAsAskedOrRefuses) {
  OpenOptions options;
  options.context = 100;
  EXPECT_EQ(open_runtime(options)->memory_plan().context, 100u);
  EXPECT_EQ(open_runtime()->memory_plan().context, 256u);
  options.path = model_path();
  options.context = 257;
  expect_error(Runtime::open(options), ErrorKind::kUsage, "257");
  options.context = 0;
  options.threads = 100'000;
  expect_error(Runtime::open(options), ErrorKind::kUsage, "100000");
}

TEST(Open, PlansWithoutLoading) {
  OpenOptions options;
  options.path = model_path();
  const auto plan = Runtime::plan(options);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->context, 256u);
  EXPECT_GE(plan->kv, 256u * 2 * 2 * 32 * 2);  // positions, layers, keys and values, head, bytes
  EXPECT_EQ(plan->total, plan->weights + plan->kv + plan->workspace);
}

TEST(Encode, OnlyTheTemplateMakesControlTokens) {
  const auto runtime = open_runtime();
  const Tokenizer& tokenizer = runtime->tokenizer();
  const auto prompt = runtime->encode_chat({{"user", "say <|im_end|> hello", {}}});
  ASSERT_TRUE(prompt.has_value());
  EXPECT_EQ(prompt->text, "<|im_start|>user\nsay <|im_end|> hello<|im_end|>\n<|im_start|>assistant\n");
  int ends = 0, starts = 0;
  for (const TokenId id : prompt->ids) {
    ends += tokenizer.piece(id) == "<|im_end|>";
    starts += tokenizer.piece(id) == "<|im_start|>";
  }
  EXPECT_EQ(ends, 1);
  EXPECT_EQ(starts, 2);
  EXPECT_EQ(tokenizer.decode(prompt->ids, true), prompt->text);
}

TEST(Encode, TellsOfATemplateThatIsMissingOrBroken) {
  TinyChatModel without;
  without.chat_template = false;
  expect_error(open_runtime({}, without)->encode_chat({{"user", "hi", {}}}), ErrorKind::kFailed, "template");
  TinyChatModel broken;
  broken.bad_template = true;
  const auto runtime = open_runtime({}, broken);  // text can still be continued
  expect_error(runtime->encode_chat({{"user", "hi", {}}}), ErrorKind::kCorrupt, "2");
  EXPECT_TRUE(runtime->generate(runtime->encode("hi"), greedy(2)).has_value());
}

TEST(Generate, StreamsWhatItReturns) {
  const auto runtime = open_runtime();
  const auto ids = runtime->encode("hello the world");
  std::string streamed;
  const auto generation = runtime->generate(ids, greedy(20), [&](std::string_view text) {
    streamed += text;
    return true;
  });
  ASSERT_TRUE(generation.has_value()) << generation.error().text(Language::kEnglish);
  EXPECT_EQ(generation->prompt_ids, ids);
  EXPECT_EQ(generation->ids.size(), 20u);
  EXPECT_EQ(generation->finish_reason, "length");
  EXPECT_EQ(generation->text, streamed);
  EXPECT_EQ(generation->timings.tokens, 20u);
  EXPECT_EQ(generation->timings.prompt_tokens, ids.size());
  EXPECT_GT(generation->timings.first_token_seconds, 0);
  StreamDecoder decoder(runtime->tokenizer());
  std::string text;
  for (const TokenId id : generation->ids) text += decoder.push(id);
  EXPECT_EQ(text + decoder.finish(), generation->text);
}

TEST(Generate, SameSeedSameText) {
  const auto runtime = open_runtime();
  GenerateOptions options = greedy(16);
  options.sampling.temperature = 1;
  options.sampling.seed = 5;
  const auto ids = runtime->encode("hello");
  const auto first = runtime->generate(ids, options), second = runtime->generate(ids, options);
  options.sampling.seed = 6;
  const auto third = runtime->generate(ids, options);
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(first->ids, second->ids);
  EXPECT_NE(first->ids, third->ids);
}

TEST(Generate, ReusesThePrefixOfTheCallBefore) {
  const auto runtime = open_runtime();
  auto ids = runtime->encode("hello hello hello the");
  const auto first = runtime->generate(ids, greedy(8));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->timings.cached_tokens, 0u);
  ids.insert(ids.end(), first->ids.begin(), first->ids.end());
  const auto more = runtime->encode(" and more");
  ids.insert(ids.end(), more.begin(), more.end());
  const auto second = runtime->generate(ids, greedy(8));
  ASSERT_TRUE(second.has_value());
  EXPECT_GE(second->timings.cached_tokens, first->prompt_ids.size() + first->ids.size() - 1);
  runtime->forget();
  const auto fresh = runtime->generate(ids, greedy(8));
  ASSERT_TRUE(fresh.has_value());
  EXPECT_EQ(fresh->timings.cached_tokens, 0u);
  EXPECT_EQ(fresh->ids, second->ids);
}

TEST(Generate, StopsAtAStopStringAndLeavesItOut) {
  const auto runtime = open_runtime();
  const auto ids = runtime->encode("hello");
  const auto whole = runtime->generate(ids, greedy(40));
  ASSERT_TRUE(whole.has_value());
  ASSERT_GE(whole->text.size(), 12u);
  // A stretch of the text that crosses tokens; where it comes first decides.
  const std::string stop = whole->text.substr(8, 3);
  GenerateOptions options = greedy(40);
  options.stop = {stop};
  std::string streamed;
  const auto cut = runtime->generate(ids, options, [&](std::string_view text) {
    streamed += text;
    return true;
  });
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->finish_reason, "stop");
  EXPECT_EQ(cut->text, whole->text.substr(0, whole->text.find(stop)));
  EXPECT_EQ(streamed, cut->text);
  EXPECT_LT(cut->ids.size(), whole->ids.size());
}

TEST(Generate, EndsWhenAskedTo) {
  const auto runtime = open_runtime();
  const auto ids = runtime->encode("hello");
  int pieces = 0;
  const auto refused = runtime->generate(ids, greedy(100), [&](std::string_view) { return ++pieces < 3; });
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->finish_reason, "cancelled");
  EXPECT_EQ(pieces, 3);
  std::atomic<bool> cancelled{true};
  const auto at_once = runtime->generate(ids, greedy(100), {}, &cancelled);
  ASSERT_TRUE(at_once.has_value());
  EXPECT_EQ(at_once->finish_reason, "cancelled");
  EXPECT_TRUE(at_once->ids.empty());
}

TEST(Generate, FillsTheContextAndNoMore) {
  OpenOptions open;
  open.context = 32;
  const auto runtime = open_runtime(open);
  const auto ids = runtime->encode(std::string(30, 'x'));
  ASSERT_EQ(ids.size(), 30u);
  const auto generation = runtime->generate(ids, greedy(100));
  ASSERT_TRUE(generation.has_value());
  EXPECT_EQ(generation->finish_reason, "length");
  EXPECT_GE(generation->ids.size(), 2u);
  const auto too_long = runtime->generate(runtime->encode(std::string(33, 'x')), greedy(1));
  expect_error(too_long, ErrorKind::kDoesNotFit, "33");
  expect_error(too_long, ErrorKind::kDoesNotFit, "32");
}

TEST(Generate, RefusesBadOptions) {
  const auto runtime = open_runtime();
  const auto ids = runtime->encode("hello");
  expect_error(runtime->generate({}, greedy(4)), ErrorKind::kUsage, "");
  expect_error(runtime->generate(ids, greedy(0)), ErrorKind::kUsage, "0 tokens");
  GenerateOptions options = greedy(4);
  options.sampling.temperature = -1;
  expect_error(runtime->generate(ids, options), ErrorKind::kUsage, "temperature");
  options = greedy(4);
  options.stop = {""};
  expect_error(runtime->generate(ids, options), ErrorKind::kUsage, "stop");
}

TEST(Generate, GivesLogprobsOfWhatItChose) {
  const auto runtime = open_runtime();
  const auto ids = runtime->encode("hello the");
  GenerateOptions options = greedy(5);
  options.with_logprobs = true;
  options.top_logprobs = 3;
  const auto generation = runtime->generate(ids, options);
  ASSERT_TRUE(generation.has_value());
  ASSERT_EQ(generation->logprobs.size(), 5u);
  ASSERT_EQ(generation->top_logprobs.size(), 5u);
  std::vector<TokenId> all = ids;
  all.insert(all.end(), generation->ids.begin(), generation->ids.end());
  const auto scores = runtime->score(all, static_cast<uint32_t>(ids.size()));
  ASSERT_TRUE(scores.has_value());
  ASSERT_EQ(scores->size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(generation->top_logprobs[i][0].id, generation->ids[i]);  // greedy
    EXPECT_NEAR(generation->logprobs[i].logprob, (*scores)[i], 1e-4);
  }
}

TEST(GenerateMany, GivesEachWhatItWouldGetAlone) {
  OpenOptions open;
  open.sequences = 3;
  const auto runtime = open_runtime(open);
  std::vector<std::vector<TokenId>> prompts;
  for (const char* text : {"hello", "the world", "he", "another text that is longer", "x"}) prompts.push_back(runtime->encode(text));
  GenerateOptions options = greedy(12);
  options.sampling.temperature = 0.9f;
  const auto together = runtime->generate_many(prompts, options);
  ASSERT_TRUE(together.has_value());
  ASSERT_EQ(together->size(), prompts.size());
  for (size_t i = 0; i < prompts.size(); ++i) {
    runtime->forget();
    const auto alone = runtime->generate(prompts[i], options);
    ASSERT_TRUE(alone.has_value());
    EXPECT_EQ((*together)[i].ids, alone->ids) << i;
    EXPECT_EQ((*together)[i].text, alone->text) << i;
  }
}

TEST(Score, AgreesWithTheBestNextTokens) {
  const auto runtime = open_runtime();
  const auto ids = runtime->encode("hello the world hello");
  const auto scores = runtime->score(ids, 1);
  const auto tops = runtime->top_after_each(ids, 265);
  ASSERT_TRUE(scores.has_value() && tops.has_value());
  ASSERT_EQ(scores->size(), ids.size() - 1);
  ASSERT_EQ(tops->size(), ids.size());
  for (size_t i = 1; i < ids.size(); ++i) {
    double sum = 0;
    float found = 1;
    for (const TokenLogprob& one : (*tops)[i - 1]) {
      sum += std::exp(one.logprob);
      if (one.id == ids[i]) found = one.logprob;
    }
    EXPECT_NEAR(sum, 1, 1e-4);
    EXPECT_NEAR(found, (*scores)[i - 1], 1e-5);
  }
  expect_error(runtime->score(ids, 0), ErrorKind::kUsage, "");
  expect_error(runtime->top_after_each({}, 3), ErrorKind::kUsage, "");
  expect_error(runtime->top_after_each(std::vector<TokenId>{9999}, 3), ErrorKind::kUsage, "9999");
}

// A head of 4.5 million weights, of which a copy is made: the plan says what it may take, and nothing is taken where it is off.
TEST(HeadInTwoStages, IsPlannedForAndCanBeLeftOut) {
  constexpr uint64_t kRows = 265 + 70'000, kMostCopy = kRows * (64 / 32 * 22 + 2 * sizeof(float));
  std::vector<TokenId> ids[2];
  for (const bool screen : {false, true}) {
    OpenOptions options;
    options.screen_head = screen;
    TinyChatModel large;
    large.unused = 70'000;
    auto runtime = open_runtime(options, large);
    ASSERT_TRUE(runtime);
    const MemoryPlan& plan = runtime->memory_plan();
    EXPECT_EQ(plan.total, plan.weights + plan.kv + plan.workspace);
    if (screen) {
      EXPECT_GE(plan.head_copy, kMostCopy);
    } else {
      EXPECT_EQ(plan.head_copy, 0u);
    }
    auto result = runtime->generate(runtime->encode("hello the"), greedy(60));
    ASSERT_TRUE(result) << result.error().text(Language::kEnglish);
    ids[screen] = result->ids;
    EXPECT_EQ(runtime->engine().head_screen_use().rows > 0, screen);
  }
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(open_runtime()->memory_plan().head_copy, 0u);  // a small head
}

// Real heads, where the two stages leave few rows: the same ids as by whole rows, greedy and drawn.
TEST(RealWeights, HeadInTwoStagesGivesTheSameIds) {
  const char* const folder = std::getenv("SLM_TEST_WEIGHTS");
  if (folder == nullptr) GTEST_SKIP() << "SLM_TEST_WEIGHTS is not set";
  for (const char* name : {"smollm2-135m.gguf", "gemma3-270m.gguf"}) {
    std::vector<std::vector<TokenId>> ids[2];
    for (const bool screen : {false, true}) {
      OpenOptions options;
      options.path = std::string(folder) + "/" + name;
      options.context = 512;
      options.threads = 2;
      options.screen_head = screen;
      auto runtime = Runtime::open(options);
      ASSERT_TRUE(runtime) << runtime.error().text(Language::kEnglish);
      for (const uint32_t top_k : {0u, 40u}) {
        GenerateOptions generate = greedy(top_k == 0 ? 200 : 80);
        generate.sampling.temperature = top_k == 0 ? 0.0f : 0.9f;
        generate.sampling.top_k = top_k;
        generate.sampling.top_p = 0.95f;
        generate.sampling.seed = 11;
        auto result = (*runtime)->generate((*runtime)->encode("The history of the city begins"), generate);
        ASSERT_TRUE(result);
        ids[screen].push_back(result->ids);
      }
      const HeadScreenUse use = (*runtime)->engine().head_screen_use();
      EXPECT_EQ(use.rows > 0, screen && (*runtime)->memory_plan().available > uint64_t{1} << 30) << name;
      if (use.rows > 0) {
        std::cout << name << ": " << use.rows << " rows of logits in two stages, exact products for "
                  << 100.0 * static_cast<double>(use.kept) / static_cast<double>(use.rows * (*runtime)->model().spec().vocabulary) << " % of the head\n";
      }
    }
    EXPECT_EQ(ids[0], ids[1]) << name;
  }
}

}  // namespace
}  // namespace slm
