#include "slm/slm.h"

#include <unistd.h>

#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "runtime/testing/tiny_chat_model.h"

namespace slm {
namespace {

class CApi : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "slm_capi_" + std::to_string(getpid()) + ".gguf";
    ASSERT_TRUE(tiny::write_tiny_chat_model(path_).has_value());
    char* error = nullptr;
    ASSERT_EQ(slm_open(path_.c_str(), nullptr, &model_, &error), SLM_OK) << error;
    EXPECT_EQ(error, nullptr);
  }
  void TearDown() override {
    slm_close(model_);
    unlink(path_.c_str());
  }

  static int append(const char* text, size_t length, void* user) {
    static_cast<std::string*>(user)->append(text, length);
    return 0;
  }

  std::string path_;
  slm_model* model_ = nullptr;
};

TEST_F(CApi, TokenizesAndBack) {
  const std::string text = "hello the world \xE4\xBD\xA0";
  int32_t* ids = nullptr;
  size_t count = 0;
  ASSERT_EQ(slm_tokenize(model_, text.c_str(), text.size(), 0, &ids, &count, nullptr), SLM_OK);
  ASSERT_GT(count, 3u);
  char* back = nullptr;
  size_t length = 0;
  ASSERT_EQ(slm_detokenize(model_, ids, count, &back, &length, nullptr), SLM_OK);
  EXPECT_EQ(std::string(back, length), text);
  slm_free_ids(ids);
  slm_free_text(back);
}

TEST_F(CApi, GeneratesWithACallback) {
  slm_generate_options options = slm_generate_options_default();
  options.max_tokens = 12;
  std::string first, second;
  slm_result result{};
  char* error = nullptr;
  ASSERT_EQ(slm_generate(model_, "hello", SLM_LENGTH_UNKNOWN, &options, append, &first, &result, &error), SLM_OK) << error;
  EXPECT_EQ(result.prompt_tokens, 1u);
  EXPECT_LE(result.tokens, 12u);
  EXPECT_FALSE(first.empty());
  ASSERT_EQ(slm_generate(model_, "hello", 5, &options, append, &second, nullptr, nullptr), SLM_OK);
  EXPECT_EQ(first, second);
}

TEST_F(CApi, ChatsByTheTemplate) {
  const slm_message messages[] = {{"system", "be brief"}, {"user", "hello"}};
  slm_result result{};
  char* error = nullptr;
  ASSERT_EQ(slm_chat(model_, messages, 2, nullptr, nullptr, nullptr, &result, &error), SLM_OK) << error;
  EXPECT_GT(result.prompt_tokens, 20u);
}

TEST_F(CApi, TheCallbackAndAnotherThreadCanEndIt) {
  slm_generate_options options = slm_generate_options_default();
  options.max_tokens = 200;
  slm_result result{};
  const auto refuse = [](const char*, size_t, void*) { return 1; };
  ASSERT_EQ(slm_generate(model_, "hello", 5, &options, refuse, nullptr, &result, nullptr), SLM_OK);
  EXPECT_STREQ(result.finish_reason, "cancelled");
  EXPECT_LT(result.tokens, 10u);

  const auto cancel = [](const char*, size_t, void* user) {
    std::thread([user] { slm_cancel(static_cast<slm_model*>(user)); }).join();
    return 0;
  };
  ASSERT_EQ(slm_generate(model_, "the", 3, &options, cancel, model_, &result, nullptr), SLM_OK);
  EXPECT_STREQ(result.finish_reason, "cancelled");
  slm_cancel(model_);  // nothing runs: the next one is not hit
  options.max_tokens = 4;
  ASSERT_EQ(slm_generate(model_, "the", 3, &options, nullptr, nullptr, &result, nullptr), SLM_OK);
  EXPECT_STRNE(result.finish_reason, "cancelled");
}

TEST_F(CApi, TellsErrorsAsText) {
  slm_model* none = nullptr;
  char* error = nullptr;
  EXPECT_EQ(slm_open("/no/such/model.gguf", nullptr, &none, &error), SLM_ERROR_NOT_FOUND);
  EXPECT_EQ(none, nullptr);
  ASSERT_NE(error, nullptr);
  EXPECT_NE(std::string(error).find("/no/such/model.gguf"), std::string::npos);
  slm_free_text(error);

  slm_generate_options options = slm_generate_options_default();
  options.temperature = -1;
  EXPECT_EQ(slm_generate(model_, "x", 1, &options, nullptr, nullptr, nullptr, &error), SLM_ERROR_USAGE);
  slm_free_text(error);
  const std::string long_text(1000, 'x');
  EXPECT_EQ(slm_generate(model_, long_text.c_str(), long_text.size(), nullptr, nullptr, nullptr, nullptr, nullptr),
            SLM_ERROR_DOES_NOT_FIT);
  const int32_t bad = 1'000'000;
  char* text = nullptr;
  EXPECT_EQ(slm_detokenize(model_, &bad, 1, &text, nullptr, nullptr), SLM_ERROR_USAGE);
  EXPECT_EQ(slm_tokenize(model_, nullptr, 0, 0, nullptr, nullptr, nullptr), SLM_ERROR_USAGE);
  EXPECT_STREQ(slm_version(), SLM_TEST_VERSION);
}

}  // namespace
}  // namespace slm
