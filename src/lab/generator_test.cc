#include "lab/generator.h"

#include <gtest/gtest.h>

#include "base/temporary_directory.h"
#include "lab/scorer.h"
#include "runtime/runtime.h"
#include "runtime/testing/tiny_chat_model.h"

namespace slm::lab {
namespace {

TEST(RuntimeGenerator, IdentityTellsTemplatesAndFilesApart) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(tiny::write_tiny_chat_model(directory / "tiny.gguf"));
  OpenOptions options;
  options.path = directory / "tiny.gguf";
  options.threads = 1;
  const auto runtime = Runtime::open(options);
  ASSERT_TRUE(runtime) << runtime.error().text();
  OpenOptions other = options;
  other.template_text = "{% for m in messages %}{{ m.content }}{% endfor %}";
  const auto other_runtime = Runtime::open(other);
  ASSERT_TRUE(other_runtime) << other_runtime.error().text();
  const std::string identity = RuntimeGenerator(**runtime, options, "a").identity();
  EXPECT_EQ(RuntimeGenerator(**runtime, options, "a").identity(), identity);
  EXPECT_NE(RuntimeGenerator(**runtime, options, "b").identity(), identity);
  EXPECT_NE(RuntimeGenerator(**other_runtime, other, "a").identity(), identity);
  EXPECT_EQ(RuntimeGenerator(**runtime, options, "").identity(), "");
  other.kv_type = kernels::KvType::kQ8_0;
  EXPECT_NE(likelihood_identity(**runtime, other, "a"), likelihood_identity(**runtime, options, "a"));
}

TEST(RuntimeGenerator, SaysWhyAnAnswerEnded) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(tiny::write_tiny_chat_model(directory / "tiny.gguf", {.context = 32}));
  OpenOptions options;
  options.path = directory / "tiny.gguf";
  options.threads = 1;
  const auto runtime = Runtime::open(options);
  ASSERT_TRUE(runtime) << runtime.error().text();
  RuntimeGenerator generator(**runtime, options, "a");
  GenerateRequest request;
  request.text = "hello";
  request.max_tokens = 4;
  const auto few = generator.generate(request, nullptr);
  ASSERT_TRUE(few) << few.error().text();
  EXPECT_EQ(few->prompt_tokens, 1u);
  EXPECT_EQ(few->truncated, few->tokens == 4);
  EXPECT_FALSE(few->context_full);
  request.text = "hello the hello the hello the";
  request.max_tokens = 500;
  const auto many = generator.generate(request, nullptr);
  ASSERT_TRUE(many) << many.error().text();
  EXPECT_EQ(many->context_full, many->truncated);
  request.text = std::string(100, 'x');
  const auto too_long = generator.generate(request, nullptr);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().kind, ErrorKind::kDoesNotFit);
  const std::atomic<bool> cancelled{true};
  request.text = "hello";
  EXPECT_FALSE(generator.generate(request, &cancelled));
}

// One BOS where the model wants one: before a text, before a conversation whose template writes it and before one whose does not,
// and before a text that is scored.
TEST(RuntimeGenerator, BosIsNeitherMissingNorDoubled) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(tiny::write_tiny_chat_model(directory / "tiny.gguf", {.adds_bos = true}));
  OpenOptions options;
  options.path = directory / "tiny.gguf";
  options.threads = 1;
  const std::string turns = "{% for m in messages %}{{ m.content }}{% endfor %}";
  for (const std::string& chat_template : {turns, "{{ bos_token }}" + turns}) {
    options.template_text = chat_template;
    const auto runtime = Runtime::open(options);
    ASSERT_TRUE(runtime) << runtime.error().text();
    const TokenId bos = *(*runtime)->tokenizer().bos();
    RuntimeGenerator generator(**runtime, options, "a");
    GenerateRequest request;
    request.max_tokens = 1;
    request.text = "hello";
    EXPECT_EQ(generator.generate(request, nullptr)->prompt_tokens, 2u);
    request.messages = {{"user", "hello", {}}};
    EXPECT_EQ(generator.generate(request, nullptr)->prompt_tokens, 2u) << chat_template;
    EXPECT_EQ((*runtime)->encode_chat(request.messages)->ids.front(), bos);
    const std::vector<TokenId> scored = RuntimeScorer(**runtime).encode("hello");
    EXPECT_EQ(scored.size(), 2u);
    EXPECT_EQ(scored.front(), bos);
  }
}

Result<GeneratedAnswer> answer_with_system(const std::string& path, const std::string& chat_template) {
  OpenOptions options;
  options.path = path;
  options.threads = 1;
  options.template_text = chat_template;
  SLM_TRY(runtime, Runtime::open(options));
  RuntimeGenerator generator(*runtime, options, "a");
  GenerateRequest request;
  request.max_tokens = 1;
  request.messages = {{"system", "the", {}}, {"user", "hello", {}}};
  return generator.generate(request, nullptr);
}

TEST(RuntimeGenerator, ASystemRoleThatIsRefusedIsFoldedAndSaid) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(tiny::write_tiny_chat_model(directory / "tiny.gguf"));
  const auto folded = answer_with_system(
      directory / "tiny.gguf", "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}{{ messages[0].content }}");
  ASSERT_TRUE(folded) << folded.error().text();
  EXPECT_TRUE(folded->system_folded);
  const auto taken = answer_with_system(directory / "tiny.gguf", "{{ messages[0].content }}");
  ASSERT_TRUE(taken) << taken.error().text();
  EXPECT_FALSE(taken->system_folded);
}

TEST(RuntimeGenerator, AnInstructModelWithoutATemplateIsAnError) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(tiny::write_tiny_chat_model(directory / "tiny.gguf", {.chat_template = false}));
  const auto answer = answer_with_system(directory / "tiny.gguf", "");
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().text(Language::kEnglish).find("template"), std::string::npos);
}

}  // namespace
}  // namespace slm::lab
