#include "lab/generator.h"

#include <chrono>

#include "hub/digest.h"
#include "runtime/runtime.h"

namespace slm::lab {
namespace {

std::string digest_of(std::string_view text) {
  hub::Sha256 digest;
  digest.add(std::as_bytes(std::span(text)));
  return digest.hex();
}

}  // namespace

std::string likelihood_identity(const Runtime& runtime, const OpenOptions& options, std::string_view sha256) {
  if (sha256.empty()) return {};
  return std::string(sha256) + " kv" + std::to_string(static_cast<int>(options.kv_type)) + " " + std::string(runtime.model().kernels().name);
}

RuntimeGenerator::RuntimeGenerator(Runtime& runtime, const OpenOptions& options, std::string_view sha256)
    : runtime_(runtime), identity_(likelihood_identity(runtime, options, sha256)) {
  if (identity_.empty() || !is_chat()) return;
  // The template by what it makes of a conversation, wherever it came from.
  const auto sample = runtime.encode_chat({{"system", "s", {}}, {"user", "u", {}}, {"assistant", "a", {}}, {"user", "v", {}}});
  identity_ += " template " + (sample ? digest_of(sample->text) : "-");
}

bool RuntimeGenerator::is_chat() const { return runtime_.is_instruct(); }

std::string RuntimeGenerator::identity() const { return identity_; }

Result<GeneratedAnswer> RuntimeGenerator::generate(const GenerateRequest& request, const std::atomic<bool>* cancelled) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  GeneratedAnswer answer;
  std::vector<slm::TokenId> ids;
  if (request.messages.empty()) {
    ids = runtime_.encode(request.text);
  } else {
    SLM_TRY(prompt, runtime_.encode_chat(request.messages));
    ids = std::move(prompt.ids);
    answer.system_folded = prompt.system_folded;
  }
  GenerateOptions options;
  options.max_tokens = request.max_tokens;
  options.stop = request.stop;
  SLM_TRY(generation, runtime_.generate(ids, options, {}, cancelled));
  if (generation.finish_reason == "cancelled") return fail(ErrorKind::kFailed, "lab.interrupted");
  answer.text = std::move(generation.text);
  answer.truncated = generation.finish_reason == "length";
  answer.prompt_tokens = generation.timings.prompt_tokens;
  answer.tokens = generation.timings.tokens;
  answer.context_full = answer.truncated && answer.tokens < request.max_tokens;
  answer.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return answer;
}

}  // namespace slm::lab
