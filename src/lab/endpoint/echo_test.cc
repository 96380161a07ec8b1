#include "lab/endpoint/echo.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "lab/endpoint/endpoint_model.h"
#include "lab/endpoint/endpoint_scorer.h"
#include "lab/perplexity.h"
#include "lab/scorer.h"
#include "net/testing/scripted_server.h"

namespace slm::lab {
namespace {

using net::ScriptedServer;

// A reply's body: the prompt "Q: a b" in four tokens, and one that was written.
std::string echo_body(const std::string& text = "Q: a b!", const std::string& tokens = R"(["Q", ":", " a", " b", "!"])",
                 const std::string& logprobs = "[null, -1, -2.5, -0.25, -3]", const std::string& offsets = "[0, 1, 2, 4, 6]") {
  return fmt::format(R"({{"choices": [{{"text": "{}", "logprobs": {{"tokens": {}, "token_logprobs": {}, "text_offset": {}}}}}]}})", text,
                     tokens, logprobs, offsets);
}

std::string echo_key_of(const std::string& reply, ErrorKind kind = ErrorKind::kCorrupt) {
  const auto echo = read_echo(reply, "Q: a b");
  if (echo) return "";
  EXPECT_EQ(echo.error().kind, kind) << echo.error().text();
  return std::string(echo.error().message.key);
}

TEST(Echo, ThePromptsTokensWithoutWhatWasWritten) {
  const auto echo = read_echo(echo_body(), "Q: a b");
  ASSERT_TRUE(echo) << echo.error().text();
  ASSERT_EQ(echo->tokens.size(), 4u);
  EXPECT_FALSE(echo->tokens[0].logprob);
  EXPECT_EQ(*logprobs_from(*echo, 2), (std::vector<float>{-2.5f, -0.25f}));
  EXPECT_EQ(*logprobs_from(*echo, 4), (std::vector<float>{-0.25f}));
}

TEST(Echo, ATokenAcrossTheBoundaryIsRefused) {
  const auto echo = read_echo(echo_body(), "Q: a b");
  ASSERT_TRUE(echo);
  for (const uint64_t boundary : {3, 5, 6, 60}) {
    const auto logprobs = logprobs_from(*echo, boundary);
    ASSERT_FALSE(logprobs) << boundary;
    EXPECT_EQ(logprobs.error().message.key, kTokenStraddles);
  }
  EXPECT_EQ(logprobs_from(*echo, 0).error().message.key, "lab.endpoint.echo_logprob");  // the first has none
}

TEST(Echo, OffsetsAreCharactersAndMayCountABos) {
  const std::string prompt = "问: 好 的";
  const auto plain = read_echo(echo_body("问: 好 的x", R"(["问", ":", " 好", " 的", "x"])"), prompt);
  ASSERT_TRUE(plain) << plain.error().text();
  EXPECT_EQ(logprobs_from(*plain, 2)->size(), 2u);
  const auto with_bos = read_echo(echo_body("问: 好 的x", R"(["<bos>", "问:", " 好", " 的", "x"])", "[null, -1, -2.5, -0.25, -3]", "[0, 5, 7, 9, 11]"), prompt);
  ASSERT_TRUE(with_bos) << with_bos.error().text();
  EXPECT_EQ(*logprobs_from(*with_bos, 2), (std::vector<float>{-2.5f, -0.25f}));
  const auto unnamed_bos = read_echo(echo_body("问: 好 的x", R"(["<bos>", "问:", " 好", " 的", "x"])", "[null, -1, -2.5, -0.25, -3]", "[0, 0, 2, 4, 6]"), prompt);
  ASSERT_TRUE(unnamed_bos) << unnamed_bos.error().text();
  EXPECT_EQ(*logprobs_from(*unnamed_bos, 2), (std::vector<float>{-2.5f, -0.25f}));
}

TEST(Echo, LiesAreNamed) {
  const char* tokens = R"(["Q", ":", " a", " b", "!"])";
  EXPECT_EQ(echo_key_of(echo_body("R: a b!")), "lab.endpoint.echo_other");
  EXPECT_EQ(echo_key_of(echo_body("Q: a b!", R"(["Q", ":", " a"])")), "lab.endpoint.echo_lengths");
  EXPECT_EQ(echo_key_of(echo_body("Q: a b!", tokens, "[null, -1, -2, -3]")), "lab.endpoint.echo_lengths");
  EXPECT_EQ(echo_key_of(echo_body("Q: a b!", tokens, "[null, -1, -2, -3, -4]", "[0, 1]")), "lab.endpoint.echo_lengths");
  for (const char* bad : {"null", "\"NaN\"", "0.5", "[]", "true"}) {
    EXPECT_EQ(echo_key_of(echo_body("Q: a b!", tokens, fmt::format("[null, -1, {}, -3, -4]", bad))), "lab.endpoint.echo_logprob") << bad;
  }
  EXPECT_EQ(echo_key_of(echo_body("Q: a b!", tokens, "[null, -1, -2, -3, -4]", "[0, 1, 4, 2, 6]")), "lab.endpoint.echo_offsets");
  EXPECT_EQ(echo_key_of(echo_body("Q: a b!", tokens, "[null, -1, -2, -3, -4]", "[0, 1, -4, 2, 6]")), "lab.endpoint.echo_token");
  EXPECT_EQ(echo_key_of(echo_body("Q: a b!", R"(["Q", ":", 7, " b", "!"])")), "lab.endpoint.echo_token");
  for (const char* no_answer : {"", "{", "[]", "<html>", "{}", R"({"choices": []})", R"({"choices": [3]})", "{\"x\": NaN}"}) {
    EXPECT_EQ(echo_key_of(no_answer), "lab.endpoint.not_an_answer") << no_answer;
  }
  EXPECT_EQ(echo_key_of(R"({"error": {"message": "out of memory"}})"), "lab.endpoint.said");
}

TEST(Echo, NoLogprobsOrNoPromptMeansItCannot) {
  EXPECT_EQ(echo_key_of(R"({"choices": [{"text": "Q: a b!"}]})", ErrorKind::kNotFound), "lab.endpoint.no_echo");
  EXPECT_EQ(echo_key_of(R"({"choices": [{"text": "Q: a b!", "logprobs": null}]})", ErrorKind::kNotFound), "lab.endpoint.no_echo");
  EXPECT_EQ(echo_key_of(R"({"choices": [{"text": "Q: a b!", "logprobs": {"content": []}}]})", ErrorKind::kNotFound), "lab.endpoint.no_echo");
  EXPECT_EQ(echo_key_of(echo_body("!", R"(["!"])", "[-3]", "[0]"), ErrorKind::kNotFound), "lab.endpoint.no_echo");
}

// ---- Over a connection

std::string echo_page(const std::string& text, const std::string& status = "200 OK") {
  return fmt::format("HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", status, text.size(), text);
}
const std::string kEchoModels = echo_page(R"({"data": [{"id": "m"}]})"), kEchoNothing = echo_page("{}", "404 Not Found");
const std::string kProbe = echo_page(echo_body("One and one is two.", R"(["One and one", " is two."])", "[null, -1]", "[0, 11]"));

std::shared_ptr<Endpoint> connect_to(const ScriptedServer& server) {
  auto endpoint = Endpoint::connect(*parse_endpoint(server.url("") + "=m"), {.idle_seconds = 60, .load_seconds = 60}, nullptr);
  EXPECT_TRUE(endpoint);
  return *endpoint;
}

TEST(EndpointScorer, ScoresWhatFollowsTheContext) {
  ScriptedServer server({{kEchoModels}, {kEchoNothing}, {kProbe}, {echo_page(echo_body())}, {echo_page(echo_body("\\n好x", R"(["\n", "好", "x"])", "[null, -1, -2]", "[0, 1, 2]"))}});
  EndpointScorer scorer(connect_to(server));
  EXPECT_EQ(*scorer.score_after("Q:", " a b"), (std::vector<float>{-2.5f, -0.25f}));
  const auto bits = measure_sentence(scorer, "好");
  ASSERT_TRUE(bits) << bits.error().text();
  EXPECT_NEAR(bits->bits, 1 / 0.6931471805599453, 1e-6);
  EXPECT_EQ(bits->bytes, 3u);
  for (const char* said : {"\"echo\":true", "\"logprobs\":1", "\"stream\":false"}) EXPECT_NE(server.requests().back().find(said), std::string::npos);
}

TEST(EndpointScorer, AsksOnceWhetherItCan) {
  for (const std::string& no : {echo_page("{}", "404 Not Found"), echo_page(R"({"error": "logprobs are not supported"})", "400 Bad Request"),
                                echo_page(R"({"choices": [{"text": "One and one is two. ", "logprobs": null}]})")}) {
    ScriptedServer server({{kEchoModels}, {kEchoNothing}, {no}});
    const auto endpoint = connect_to(server);
    EndpointScorer scorer(endpoint);
    for (int i = 0; i < 9; ++i) {
      const auto scored = scorer.score_after("Q:", " a b");
      ASSERT_FALSE(scored);
      EXPECT_EQ(scored.error().kind, ErrorKind::kNotFound);
      EXPECT_EQ(scored.error().message.key, "lab.endpoint.no_echo");
    }
    EXPECT_EQ(server.requests().size(), 3u);
    EXPECT_EQ(endpoint->tally().failed, 0u);
  }
}

TEST(EndpointScorer, ALiarIsNotMeasuredAndALaterLieIsAFailure) {
  const std::string lie = echo_page(echo_body("Q: a b!", R"(["Q"])"));
  ScriptedServer at_once({{kEchoModels}, {kEchoNothing}, {lie}});
  EndpointScorer never(connect_to(at_once));
  EXPECT_EQ(never.score_after("Q:", " a b").error().kind, ErrorKind::kNotFound);
  ScriptedServer later({{kEchoModels}, {kEchoNothing}, {kProbe}, {lie}});
  const auto endpoint = connect_to(later);
  EndpointScorer scorer(endpoint);
  const auto scored = scorer.score_after("Q:", " a b");
  ASSERT_FALSE(scored);
  EXPECT_EQ(scored.error().kind, ErrorKind::kNetwork);
  EXPECT_EQ(scored.error().message.key, "lab.endpoint.echo_lengths");
  EXPECT_EQ(endpoint->tally().failed, 1u);
}

TEST(EndpointScorer, StraddledTextsAreCountedApart) {
  ScriptedServer server({{kEchoModels}, {kEchoNothing}, {kProbe}, {echo_page(echo_body())}});
  const auto endpoint = connect_to(server);
  EndpointScorer scorer(endpoint);
  EXPECT_EQ(scorer.score_after("Q: ", "a b").error().message.key, kTokenStraddles);
  EXPECT_EQ(endpoint->tally().straddled, 1u);
  EXPECT_EQ(endpoint->tally().failed, 0u);
  const auto warnings = endpoint_warnings(*endpoint, "m");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0].key, "lab.endpoint.straddled");
}

}  // namespace
}  // namespace slm::lab
