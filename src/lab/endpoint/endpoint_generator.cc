#include "lab/endpoint/endpoint_generator.h"

#include <algorithm>

#include "lab/endpoint/served_process.h"

namespace slm::lab {
namespace {

constexpr uint32_t kLeastRoom = 16;  // tokens: an answer shorter than that says nothing

}  // namespace

Result<GeneratedAnswer> EndpointGenerator::generate(const GenerateRequest& request, const std::atomic<bool>* cancelled) {
  EndpointRequest asked{request.messages, request.text, request.max_tokens, request.stop};
  auto reply = endpoint_->answer(asked, cancelled);
  // Some servers count the tokens an answer may have to the prompt's: less room for the answer, until the prompt alone does not fit.
  while (!reply && reply.error().kind == ErrorKind::kDoesNotFit && asked.max_tokens > kLeastRoom) {
    asked.max_tokens = std::max(asked.max_tokens / 2, kLeastRoom);
    reply = endpoint_->answer(asked, cancelled);
  }
  if (!reply) return tl::unexpected<Error>(reply.error());
  Completion& completion = *reply;
  GeneratedAnswer answer;
  answer.text = std::move(completion.text);
  answer.truncated = completion.finish_reason == "length";
  answer.prompt_tokens = completion.prompt_tokens.value_or(0);
  answer.tokens = completion.tokens.value_or(0);
  // Stopped short of the tokens it may have: the server's context ended.
  answer.context_full = answer.truncated && completion.tokens && *completion.tokens < request.max_tokens;
  answer.seconds = completion.last_piece_seconds;
  return answer;
}

std::string endpoint_identity(const Endpoint& endpoint) {
  const EndpointAddress& address = endpoint.address();
  const std::string name = "endpoint " + address.model + " ";
  if (!endpoint.served().digest.empty()) return name + endpoint.served().digest;
  if (!doubt_about_pid(address).empty()) return {};  // of a process that may be another's it does not follow that the model is the same
  const auto process = find_served_process(address);
  return process ? name + address.url + " " + process_identity(process->pid) : "";
}

}  // namespace slm::lab
