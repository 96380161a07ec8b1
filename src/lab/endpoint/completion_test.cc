#include "lab/endpoint/completion.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace slm::lab {
namespace {

// Each piece comes a second after the one before.
Result<Completion> read(const std::vector<std::string>& pieces, uint32_t max_tokens = 16) {
  CompletionReader reader(max_tokens);
  double now = 0;
  for (const std::string& piece : pieces) {
    if (!reader.read(piece, ++now)) break;
  }
  return reader.finish();
}

std::string chunk(const std::string& choice, const std::string& more = "") {
  return "data: {\"model\": \"m\", \"choices\": [" + choice + "]" + more + "}\n\n";
}

const std::string kRole = chunk(R"({"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null})");
const std::string kHello = chunk(R"({"index": 0, "delta": {"content": "Hello"}, "finish_reason": null})");
const std::string kWorld = chunk(R"({"index": 0, "delta": {"content": " world"}})");
const std::string kStop = chunk(R"({"index": 0, "delta": {}, "finish_reason": "stop"})");
const std::string kUsage = chunk("", R"(, "usage": {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}})");
const std::string kDone = "data: [DONE]\n\n";

TEST(Completion, ChatStream) {
  const auto answer = read({kRole, kHello, kWorld, kStop, kUsage, kDone});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->text, "Hello world");
  EXPECT_EQ(answer->finish_reason, "stop");
  EXPECT_EQ(answer->model, "m");
  EXPECT_EQ(answer->prompt_tokens, 9u);
  EXPECT_EQ(answer->tokens, 5u);  // by usage, not by its 2 pieces
  EXPECT_EQ(answer->cached_tokens, 4u);
  EXPECT_EQ(answer->pieces, 2u);
  EXPECT_EQ(answer->first_piece_seconds, 2);  // the role is no token
  EXPECT_EQ(answer->last_piece_seconds, 3);
}

TEST(Completion, TextStreamAndThoughts) {
  const auto text = read({chunk(R"({"text": "a"})"), chunk(R"({"text": "b", "finish_reason": "length"})"), kDone});
  ASSERT_TRUE(text);
  EXPECT_EQ(text->text, "ab");
  EXPECT_EQ(text->finish_reason, "length");
  EXPECT_FALSE(text->tokens);
  const auto thinks = read({chunk(R"({"delta": {"reasoning_content": "hm"}})"), kHello, kStop, kDone});
  ASSERT_TRUE(thinks);
  EXPECT_EQ(thinks->text, "Hello");
  EXPECT_EQ(thinks->first_piece_seconds, 1);  // a thought is a token all the same
}

TEST(Completion, WholeReplyInPlaceOfAStream) {
  const std::string reply = R"({"model": "m", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}})";
  const auto answer = read({reply.substr(0, 30), reply.substr(30)});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->text, "Hi");
  EXPECT_EQ(answer->pieces, 1u);
}

TEST(Completion, EmptyAnswerIsAnAnswer) {
  const auto answer = read({kRole, kStop, kUsage, kDone});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text, "");
}

TEST(Completion, CutWhereItDoesNotStop) {
  const std::vector<std::string> endless(1'000, kHello);
  const auto answer = read(endless, 8);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->overran);
  EXPECT_EQ(answer->finish_reason, "length");
  EXPECT_LT(answer->pieces, 100u);
}

void expect_error(const std::vector<std::string>& pieces, std::string_view key) {
  const auto answer = read(pieces);
  ASSERT_FALSE(answer) << key;
  EXPECT_EQ(answer.error().kind, ErrorKind::kNetwork);
  EXPECT_EQ(answer.error().message.key, key);
  EXPECT_EQ(answer.error().text().find('\x1b'), std::string::npos);
  EXPECT_LT(answer.error().text().size(), 600u);
}

TEST(Completion, BadReplies) {
  expect_error({}, "lab.endpoint.not_an_answer");
  expect_error({kRole, kHello}, "lab.endpoint.cut_stream");
  expect_error({kRole, kHello, kWorld.substr(0, 20)}, "lab.endpoint.cut_stream");
  expect_error({"<!doctype html>\x1b[2J"}, "lab.endpoint.not_an_answer");
  expect_error({kHello, "data: {\"error\": {\"message\": \"out of\\u001b memory\"}}\n\n"}, "lab.endpoint.said");
  expect_error({kHello, "event: error\ndata: {\"error\": \"busy\"}\n\n"}, "lab.endpoint.said");
  expect_error({"data: {\"choices\": [\n\n"}, "lab.endpoint.not_json");
  expect_error({"data: [1, 2]\n\n"}, "lab.endpoint.not_json");
  expect_error({"data: " + std::string(200, '[') + "\n\n"}, "lab.endpoint.not_json");
  expect_error({R"({"object": "list", "data": []})"}, "lab.endpoint.not_an_answer");
  expect_error({R"({"choices": [)"}, "lab.endpoint.not_json");
  expect_error({"data: " + std::string(5u << 20, 'x')}, "net.event_too_long");
}

TEST(Completion, ValuesOfOtherTypesSayNothing) {
  for (const char* event :
       {R"({"choices": {}, "usage": []})", R"({"choices": [1]})", R"({"choices": [{"delta": 7}]})", R"({"choices": [{"delta": {"content": 7}}]})",
        R"({"choices": [{"delta": {}, "finish_reason": 7}]})", R"({"model": 7, "usage": {"prompt_tokens": -1, "completion_tokens": 1e99}})"}) {
    const auto answer = read({std::string("data: ") + event + "\n\n", kHello, kStop, kDone});
    ASSERT_TRUE(answer) << event;
    EXPECT_EQ(answer->text, "Hello") << event;
    EXPECT_FALSE(answer->tokens) << event;
  }
}

TEST(ErrorText, TheEndpointsOwnWords) {
  EXPECT_EQ(error_text(R"({"error": {"message": "no\n\u001b[2J such", "code": 1}})"), "no ?[2J such");
  EXPECT_EQ(error_text(R"({"error": "plain"})"), "plain");
  EXPECT_EQ(error_text(R"({"detail": [{"msg": "bad"}]})"), R"([{"msg":"bad"}])");
  EXPECT_EQ(error_text("nginx says no"), "nginx says no");
  EXPECT_LT(error_text(std::string(10'000, 'x')).size(), 400u);
}

}  // namespace
}  // namespace slm::lab
