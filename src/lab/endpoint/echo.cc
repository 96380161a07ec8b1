#include "lab/endpoint/echo.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "chat/unicode.h"
#include "lab/endpoint/completion.h"
#include "lab/scorer.h"

namespace slm::lab {
namespace {

constexpr double kAboveZero = 1e-3;  // of a logprob that rounding may have lifted

template <class... Values>
tl::unexpected<Error> lie(std::string_view key, const Values&... values) {
  return fail(ErrorKind::kCorrupt, key, values...);
}

tl::unexpected<Error> cannot() { return fail(ErrorKind::kNotFound, "lab.endpoint.no_echo"); }

const Json* array_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_array() ? &*found : nullptr;
}

Result<EchoedToken> token_at(const Json& text, const Json& logprob, const Json& offset, size_t i) {
  EchoedToken token;
  if (!text.is_string() || !offset.is_number_unsigned()) return lie("lab.endpoint.echo_token", i);
  token.text = text.get<std::string>();
  token.offset = offset.get<uint64_t>();
  if (logprob.is_null()) {
    if (i > 0) return lie("lab.endpoint.echo_logprob", i, "null");
    return token;
  }
  const double value = logprob.is_number() ? logprob.get<double>() : std::nan("");
  if (!std::isfinite(value) || value > kAboveZero) return lie("lab.endpoint.echo_logprob", i, printable(to_text(logprob).substr(0, 40)));
  token.logprob = std::min(value, 0.0);
  return token;
}

// A token that the server put before the text (BOS) and shows by its name: the offsets count it in some servers.
uint64_t characters_before(const std::vector<EchoedToken>& tokens, std::string_view prompt) {
  if (tokens.size() < 2 || prompt.starts_with(tokens[0].text)) return 0;
  const uint64_t named = chat::count_code_points(tokens[0].text);
  return named > 1 && tokens[1].offset == named ? named : 0;
}

}  // namespace

Result<Echo> read_echo(std::string_view body, std::string_view prompt) {
  const auto json = parse_json(body);
  if (!json || !json->is_object()) return lie("lab.endpoint.not_an_answer", error_text(body));
  if (json->contains("error") && !(*json)["error"].is_null()) return lie("lab.endpoint.said", error_text(body));
  const Json* choices = array_at(*json, "choices");
  if (choices == nullptr || choices->empty() || !(*choices)[0].is_object()) return lie("lab.endpoint.not_an_answer", error_text(body));
  const Json& choice = (*choices)[0];
  const auto logprobs = choice.find("logprobs");
  if (logprobs == choice.end() || !logprobs->is_object()) return cannot();
  const Json *texts = array_at(*logprobs, "tokens"), *values = array_at(*logprobs, "token_logprobs"), *offsets = array_at(*logprobs, "text_offset");
  if (texts == nullptr || values == nullptr || offsets == nullptr) return cannot();
  if (texts->size() != values->size() || texts->size() != offsets->size()) {
    return lie("lab.endpoint.echo_lengths", texts->size(), values->size(), offsets->size());
  }
  const auto text = choice.find("text");
  if (text == choice.end() || !text->is_string()) return lie("lab.endpoint.not_an_answer", error_text(body));
  const std::string& sent_back = text->get_ref<const std::string&>();
  // Without the prompt there are the tokens of the answer alone: the server did not look at "echo".
  if (!sent_back.starts_with(prompt)) {
    if (texts->size() <= 1) return cannot();
    return lie("lab.endpoint.echo_other", printable(sent_back.substr(0, 60)));
  }
  Echo echo;
  for (size_t i = 0; i < texts->size(); ++i) {
    SLM_TRY(token, token_at((*texts)[i], (*values)[i], (*offsets)[i], i));
    if (!echo.tokens.empty() && token.offset < echo.tokens.back().offset) return lie("lab.endpoint.echo_offsets", i);
    echo.tokens.push_back(std::move(token));
  }
  const uint64_t before = characters_before(echo.tokens, prompt), length = chat::count_code_points(prompt);
  for (EchoedToken& token : echo.tokens) token.offset -= std::min(token.offset, before);
  std::erase_if(echo.tokens, [&](const EchoedToken& token) { return token.offset >= length; });
  return echo;
}

Result<std::vector<float>> logprobs_from(const Echo& echo, uint64_t boundary) {
  const auto first = std::find_if(echo.tokens.begin(), echo.tokens.end(), [&](const EchoedToken& token) { return token.offset >= boundary; });
  if (first == echo.tokens.end() || first->offset > boundary) return fail(ErrorKind::kNetwork, kTokenStraddles);
  std::vector<float> logprobs;
  for (auto token = first; token != echo.tokens.end(); ++token) {
    if (!token->logprob) return lie("lab.endpoint.echo_logprob", token - echo.tokens.begin(), "null");
    logprobs.push_back(static_cast<float>(*token->logprob));
  }
  return logprobs;
}

}  // namespace slm::lab
