#include "lab/endpoint/endpoint.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <thread>

#include "base/json.h"
#include "base/text.h"

namespace slm::lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostListBytes = 16u << 20;
constexpr size_t kMostShownNames = 12;
constexpr size_t kMostStops = 4;               // that OpenAI's interface takes; further ones are looked for in the answer
constexpr double kMostWait = 30;               // seconds before another try, whatever the server asks for
constexpr double kSlowestToken = 2;       // seconds a token of an answer that is waited for

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string name_at(const Json& json, const char* key) {
  if (!json.is_object() || !json.contains(key) || !json[key].is_string()) return {};
  return printable(json[key].get<std::string>().substr(0, 200));
}

uint64_t number_at(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) && json[key].is_number_unsigned() ? json[key].get<uint64_t>() : 0;
}

uint32_t small_count(uint64_t count) { return static_cast<uint32_t>(std::min<uint64_t>(count, std::numeric_limits<uint32_t>::max())); }

// "494.03M", "7.6B" -> a number; 0 for anything else.
uint64_t parameters_of(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const double unit = *end == 'B' ? 1e9 : *end == 'M' ? 1e6 : *end == 'K' ? 1e3 : 0;
  const double value = number * unit;
  return std::isfinite(value) && value > 0 && value < 1e15 ? static_cast<uint64_t>(value) : 0;
}

bool is_name(const std::string& listed, const std::string& wanted) { return listed == wanted || listed == wanted + ":latest"; }

std::string names_of(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kMostShownNames); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMostShownNames) text += ", ...";
  return text.empty() ? "-" : text;
}

Json body_of(const EndpointRequest& request, const std::string& model, bool as_chat, bool ignore_end) {
  Json body = {{"model", model}};
  if (as_chat) {
    body["messages"] = Json::array();
    for (const chat::ChatMessage& message : request.messages) body["messages"].push_back({{"role", message.role}, {"content", message.content}});
    if (request.messages.empty()) body["messages"].push_back({{"role", "user"}, {"content", request.text}});
  } else {
    body["prompt"] = request.text;
  }
  // Said in full: what an endpoint takes where nothing is said differs from one to the next.
  body["temperature"] = 0;
  body["top_p"] = 1;
  body["seed"] = 1;
  body["max_tokens"] = request.max_tokens;
  const size_t stops = std::min(request.stop.size(), kMostStops);
  if (stops > 0) body["stop"] = std::vector<std::string>(request.stop.begin(), request.stop.begin() + static_cast<ptrdiff_t>(stops));
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  if (ignore_end) body["ignore_eos"] = true;
  return body;
}

bool speaks_of_context(const net::HttpReply& reply) {
  const auto has = [&](const char* words) { return reply.body.find(words) != std::string::npos; };
  return (reply.status == 400 || reply.status == 413 || reply.status == 422) &&
         (has("context_length_exceeded") || has("context length") || has("context size") || has("context window"));
}

tl::unexpected<Error> interrupted() { return fail(ErrorKind::kFailed, "lab.interrupted"); }

// In small steps: Ctrl-C does not wait. False when cancelled.
bool wait(double seconds, const std::atomic<bool>* cancelled) {
  const Clock::time_point start = Clock::now();
  while (seconds_since(start) < seconds) {
    if (cancelled != nullptr && cancelled->load()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

// An error reply, in the endpoint's own words.
Error refusal(const net::HttpReply& reply, const std::string& url) {
  if (speaks_of_context(reply)) return {ErrorKind::kDoesNotFit, msg("lab.endpoint.too_long", error_text(reply.body)), {}};
  if (reply.status / 100 == 3) return {ErrorKind::kNetwork, msg("lab.endpoint.redirects", url, reply.status, reply.location), {}};
  Message hint;
  if (reply.status == 401 || reply.status == 403) hint = msg("lab.endpoint.set_key");
  return {ErrorKind::kNetwork, msg("lab.endpoint.refused", url, reply.status, error_text(reply.body)), hint};
}

}  // namespace

Endpoint::Endpoint(EndpointAddress address, const EndpointPatience& patience) : address_(std::move(address)), patience_(patience) {}

Result<std::shared_ptr<Endpoint>> Endpoint::connect(EndpointAddress address, const EndpointPatience& patience, const std::atomic<bool>* cancelled) {
  std::shared_ptr<Endpoint> endpoint(new Endpoint(std::move(address), patience));
  SLM_TRY_STATUS(endpoint->find_model(cancelled));
  endpoint->ask_ollama(cancelled);
  return endpoint;
}

net::HttpRequest Endpoint::request_to(const std::string& url, const std::atomic<bool>* cancelled) const {
  net::HttpRequest request;
  request.url = url;
  request.headers = {"Content-Type: application/json"};
  if (!address_.api_key.empty()) request.headers.push_back("Authorization: Bearer " + address_.api_key);
  request.connect_seconds = patience_.connect_seconds;
  request.idle_seconds = patience_.idle_seconds;
  request.total_seconds = patience_.total_seconds;
  request.most_bytes = kMostListBytes;
  request.cancelled = cancelled;
  return request;
}

Result<net::HttpReply> Endpoint::get(const std::string& url, const std::atomic<bool>* cancelled) {
  auto reply = client_.send(request_to(url, cancelled));
  if (!reply && cancelled != nullptr && cancelled->load()) return interrupted();
  return reply;
}

Status Endpoint::find_model(const std::atomic<bool>* cancelled) {
  SLM_TRY(reply, get(address_.url + "/models", cancelled));
  const std::string shown = address_.shown();
  if (reply.status != 200) return tl::unexpected<Error>(refusal(reply, shown + "/models"));
  const auto json = parse_json(reply.body);
  const bool is_list = json && json->is_object() && json->contains("data") && (*json)["data"].is_array();
  if (!is_list) return fail(ErrorKind::kNetwork, "lab.endpoint.no_list", shown + "/models", error_text(reply.body));
  std::vector<std::string> names;
  for (const Json& model : (*json)["data"]) {
    names.push_back(name_at(model, "id"));
    if (!is_name(names.back(), address_.model)) continue;
    served_.context = small_count(number_at(model, "max_model_len"));  // vLLM
    if (model.contains("meta") && model["meta"].is_object()) {        // llama-server
      const Json& meta = model["meta"];
      served_.bytes = number_at(meta, "size");
      served_.parameters = number_at(meta, "n_params");
      served_.context = small_count(number_at(meta, "n_ctx_train"));
    }
    return {};
  }
  return fail(ErrorKind::kNotFound, "lab.endpoint.no_model", shown, printable(address_.model), names_of(names));
}

// Ollama says more by its own interface, beside /v1: above all a digest of what it serves. Any other server has nothing there.
void Endpoint::ask_ollama(const std::atomic<bool>* cancelled) {
  if (!address_.url.ends_with("/v1")) return;
  const auto reply = get(address_.url.substr(0, address_.url.size() - 3) + "/api/tags", cancelled);
  if (!reply || reply->status != 200) return;
  const auto json = parse_json(reply->body);
  if (!json || !json->is_object() || !json->contains("models") || !(*json)["models"].is_array()) return;
  for (const Json& model : (*json)["models"]) {
    if (!is_name(name_at(model, "name"), address_.model)) continue;
    served_.digest = name_at(model, "digest");
    served_.bytes = number_at(model, "size");
    if (!model.contains("details")) return;
    served_.architecture = name_at(model["details"], "family");
    served_.quantization = name_at(model["details"], "quantization_level");
    served_.parameters = parameters_of(name_at(model["details"], "parameter_size"));
    return;
  }
}

// Counts a request; an error where nothing is sent any more.
Status Endpoint::check_still_asked() {
  ++tally_.answers;
  if (failures_in_a_row_ < kMostFailures) return {};
  ++tally_.failed;
  return fail(ErrorKind::kNetwork, "lab.endpoint.given_up", failures_in_a_row_, render(tally_.last_failure, Language::kEnglish));
}

Result<Completion> Endpoint::answer(const EndpointRequest& request, const std::atomic<bool>* cancelled) {
  SLM_TRY_STATUS(check_still_asked());
  auto completion = try_answer(request, cancelled);
  if (!completion && cancelled != nullptr && cancelled->load()) return interrupted();
  count(completion);
  return completion;
}

void Endpoint::count_failure(const Error& error) {
  if (error.kind != ErrorKind::kNetwork && error.kind != ErrorKind::kCorrupt) return;
  ++tally_.failed;
  tally_.last_failure = error.message;
  ++failures_in_a_row_;
}

void Endpoint::count(const Result<Completion>& completion) {
  if (!completion) return count_failure(completion.error());
  failures_in_a_row_ = 0;
  has_answered_ = true;
  if (!completion->model.empty() && !is_name(completion->model, address_.model)) {
    ++tally_.other_model;
    tally_.other_name = printable(completion->model);
  }
  tally_.uncounted += !completion->tokens || !completion->prompt_tokens;
  tally_.overran += completion->overran;
}

// Whether the request can be put in another way that the server may know better; then it is to be sent again.
bool Endpoint::can_rephrase(const EndpointRequest& request, int status) {
  if (!request.is_timed) return false;
  if ((status == 400 || status == 422) && knows_ignore_end_) {
    knows_ignore_end_ = false;
    return true;
  }
  if ((status == 404 || status == 405 || status == 501) && request.messages.empty() && continues_text_) {
    continues_text_ = false;
    return true;
  }
  return false;
}

Result<Completion> Endpoint::try_answer(const EndpointRequest& request, const std::atomic<bool>* cancelled) {
  double pause = 1;
  for (int tries = 1;; ++tries) {
    const bool as_chat = !request.messages.empty() || (request.is_timed && !continues_text_);
    const std::string path = as_chat ? "/chat/completions" : "/completions";
    net::HttpRequest post = request_to(address_.url + path, cancelled);
    post.method = "POST";
    post.headers.push_back("Accept: text/event-stream");
    if (!has_answered_) post.idle_seconds = std::max(post.idle_seconds, patience_.load_seconds);
    // Long answers of slow machines take long; one that stands still is ended by idle_seconds.
    post.total_seconds = std::max(post.total_seconds, kSlowestToken * request.max_tokens);
    post.body = to_text(body_of(request, address_.model, as_chat, request.is_timed && knows_ignore_end_));
    CompletionReader reader(request.max_tokens);
    const Clock::time_point start = Clock::now();
    post.on_piece = [&](std::string_view piece) { return reader.read(piece, seconds_since(start)); };
    const auto sent = client_.send(post);
    if (reader.is_complete()) return reader.finish();
    if (!sent) return tl::unexpected<Error>(sent.error());
    const net::HttpReply& reply = *sent;
    if (reply.status / 100 == 2) return reader.finish();
    const Error error = refusal(reply, address_.shown() + path);
    if (error.kind == ErrorKind::kNetwork && can_rephrase(request, reply.status)) {
      --tries;  // at most twice: what was not known stays known
      continue;
    }
    if ((reply.status != 429 && reply.status != 503) || tries >= kTries) return tl::unexpected<Error>(error);
    if (!wait(std::min(kMostWait, reply.retry_after_seconds.value_or(pause)), cancelled)) return interrupted();
    pause *= 2;
  }
}

Result<Echo> Endpoint::echo(const std::string& prompt, const std::atomic<bool>* cancelled) {
  SLM_TRY_STATUS(check_still_asked());
  auto echo = try_echo(prompt, cancelled);
  if (!echo && cancelled != nullptr && cancelled->load()) return interrupted();
  if (!echo) {
    count_failure(echo.error());
    return echo;
  }
  failures_in_a_row_ = 0;
  has_answered_ = true;
  return echo;
}

Result<Echo> Endpoint::try_echo(const std::string& prompt, const std::atomic<bool>* cancelled) {
  // One token more than the prompt: not every server writes none.
  const Json body = {{"model", address_.model}, {"prompt", prompt}, {"max_tokens", 1}, {"echo", true}, {"logprobs", 1},
                     {"temperature", 0}, {"seed", 1}, {"stream", false}};
  double pause = 1;
  for (int tries = 1;; ++tries) {
    net::HttpRequest post = request_to(address_.url + "/completions", cancelled);
    post.method = "POST";
    if (!has_answered_) post.idle_seconds = std::max(post.idle_seconds, patience_.load_seconds);
    post.body = to_text(body);
    SLM_TRY(reply, client_.send(post));
    if (reply.status / 100 == 2) return read_echo(reply.body, prompt);
    const bool unknown = reply.status == 400 || reply.status == 404 || reply.status == 405 || reply.status == 422 || reply.status == 501;
    const Error error = refusal(reply, address_.shown() + "/completions");
    if (unknown && error.kind == ErrorKind::kNetwork) return fail(ErrorKind::kNotFound, "lab.endpoint.no_echo");
    if ((reply.status != 429 && reply.status != 503) || tries >= kTries) return tl::unexpected<Error>(error);
    if (!wait(std::min(kMostWait, reply.retry_after_seconds.value_or(pause)), cancelled)) return interrupted();
    pause *= 2;
  }
}

}  // namespace slm::lab
