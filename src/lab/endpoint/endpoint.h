// A model served through OpenAI's HTTP interface: by vLLM, Ollama, LM Studio, llama-server, or a service elsewhere.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "lab/endpoint/address.h"
#include "lab/endpoint/completion.h"
#include "lab/endpoint/echo.h"
#include "lab/generator.h"
#include "net/http_client.h"

namespace slm::lab {

// What the endpoint says of its model; "" and 0 where it says nothing. Nothing of it can be checked from here.
struct ServedModel {
  std::string digest;                 // of the weights and settings (Ollama)
  std::string architecture, quantization;
  uint64_t bytes = 0, parameters = 0;
  uint32_t context = 0;
};

struct EndpointPatience {
  double connect_seconds = 10;
  double idle_seconds = 60;           // without a byte
  double total_seconds = 600;         // of one answer
  double load_seconds = 300;          // in place of idle_seconds for the first answer: the server may load the model for it
};

struct EndpointRequest {
  std::vector<chat::ChatMessage> messages;  // empty: `text` is continued
  std::string text;
  uint32_t max_tokens = 512;
  std::vector<std::string> stop;
  // To be timed, not graded: goes on past the end token where the server knows how, and a text is asked as a user's turn where the server
  // continues none.
  bool is_timed = false;
};

// Not for several threads at once.
class Endpoint {
 public:
  // Asks which models are there. Errors: kNetwork, kNotFound (no model of that name: names those that are there), kFailed (cancelled).
  static Result<std::shared_ptr<Endpoint>> connect(EndpointAddress address, const EndpointPatience& patience, const std::atomic<bool>* cancelled);

  const EndpointAddress& address() const { return address_; }
  const ServedModel& served() const { return served_; }

  // A greedy answer: temperature 0, one seed. 429 and 503 are asked again, up to kTries times in all, when the server says or a little later.
  // After kMostFailures failures one after another nothing is sent any more: each further answer fails at once.
  // Errors: kDoesNotFit (longer than the context, by the endpoint's own words), kNetwork, kFailed "lab.interrupted".
  Result<Completion> answer(const EndpointRequest& request, const std::atomic<bool>* cancelled);
  static constexpr int kTries = 4;
  static constexpr int kMostFailures = 6;

  // The prompt's own tokens and logprobs ("echo" and "logprobs" of /completions). Tried again as answer() is; counted with its failures.
  // Errors: those of answer() and of read_echo(); kNotFound also: the server refuses what was asked, or has no /completions.
  Result<Echo> echo(const std::string& prompt, const std::atomic<bool>* cancelled);

  struct Tally {
    uint64_t answers = 0;             // asked for
    uint64_t failed = 0;              // of those
    Message last_failure;
    uint64_t other_model = 0;         // replies in the name of another model
    std::string other_name;           // the last such
    uint64_t uncounted = 0;           // answers without usage
    uint64_t overran = 0;             // that did not stop at max_tokens
    uint64_t straddled = 0;           // texts to score that no token began with
  };
  const Tally& tally() const { return tally_; }
  void count_straddled() { ++tally_.straddled; }

 private:
  Endpoint(EndpointAddress address, const EndpointPatience& patience);
  Result<net::HttpReply> get(const std::string& url, const std::atomic<bool>* cancelled);
  Status find_model(const std::atomic<bool>* cancelled);
  void ask_ollama(const std::atomic<bool>* cancelled);
  net::HttpRequest request_to(const std::string& url, const std::atomic<bool>* cancelled) const;
  Result<Completion> try_answer(const EndpointRequest& request, const std::atomic<bool>* cancelled);
  Result<Echo> try_echo(const std::string& prompt, const std::atomic<bool>* cancelled);
  Status check_still_asked();
  void count_failure(const Error& error);
  bool can_rephrase(const EndpointRequest& request, int status);
  void count(const Result<Completion>& completion);

  EndpointAddress address_;
  EndpointPatience patience_;
  net::HttpClient client_;
  ServedModel served_;
  Tally tally_;
  int failures_in_a_row_ = 0;
  bool knows_ignore_end_ = true;      // until it refuses a request that carries it
  bool continues_text_ = true;        // until it has no /completions
  bool has_answered_ = false;
};

}  // namespace slm::lab
