#include "lab/endpoint/endpoint_model.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "lab/endpoint/served_process.h"

namespace slm::lab {
namespace {

constexpr double kUsualBytesPerToken = 4.7;   // of plain_prompt(), before the endpoint has counted any
constexpr uint32_t kCountedFrom = 128;        // prompts shorter than that are mostly template
constexpr double kNear = 0.1;                 // of the length asked for
constexpr uint32_t kFewest = 64;              // below which a cut prompt cannot be told from a short one
constexpr double kCut = 0.75;

uint64_t clock_ticks() { return static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()); }

}  // namespace

EndpointModel::EndpointModel(std::shared_ptr<Endpoint> endpoint, std::string name)
    : endpoint_(std::move(endpoint)), name_(std::move(name)), generator_(endpoint_, endpoint_identity(*endpoint_)), scorer_(endpoint_),
      first_words_(fmt::format("{:x}", clock_ticks() / 1'000)) {}

Result<Completion> EndpointModel::ask(uint32_t prompt_tokens, uint32_t tokens, const Watch& watch) {
  EndpointRequest request;
  request.text = fmt::format("{}{}. ", ++prompts_, first_words_);
  const auto bytes = static_cast<size_t>(prompt_tokens * bytes_per_token_.value_or(kUsualBytesPerToken));
  // ASCII: it may be cut anywhere. Twice the tokens, since the text is one of some 4.7 bytes a token and the endpoint's may be longer.
  if (bytes > request.text.size()) request.text += plain_prompt(2 * prompt_tokens).substr(0, bytes - request.text.size());
  request.max_tokens = tokens;
  request.is_timed = true;
  SLM_TRY(completion, endpoint_->answer(request, watch.cancelled));
  if (!completion.prompt_tokens || !completion.tokens) return fail(ErrorKind::kFailed, "lab.endpoint.no_usage");
  if (prompt_tokens >= kCountedFrom && *completion.prompt_tokens >= kCut * prompt_tokens) {
    bytes_per_token_ = static_cast<double>(request.text.size()) / *completion.prompt_tokens;
  }
  return completion;
}

Result<Timings> EndpointModel::time_answer(uint32_t prompt_tokens, uint32_t tokens, const Watch& watch) {
  const bool is_first = !bytes_per_token_;
  SLM_TRY(completion, ask(prompt_tokens, tokens, watch));
  const auto is_near = [&] { return std::abs(*completion.prompt_tokens - static_cast<double>(prompt_tokens)) <= kNear * prompt_tokens; };
  if (is_first && bytes_per_token_ && !is_near()) {
    SLM_TRY(again, ask(prompt_tokens, tokens, watch));
    completion = std::move(again);
  }
  if (prompt_tokens >= kFewest && *completion.prompt_tokens < kCut * prompt_tokens) {
    return fail(ErrorKind::kDoesNotFit, "lab.endpoint.prompt_cut", prompt_tokens, *completion.prompt_tokens);
  }
  if (*completion.tokens < 2) return fail(ErrorKind::kFailed, "lab.no_answer", name_);
  // Of two tokens both may come in one read; of more, that is no stream.
  const bool is_spread = completion.last_piece_seconds > completion.first_piece_seconds;
  has_streamed_ = has_streamed_ || is_spread;
  if (!is_spread && (!has_streamed_ || tokens > 2)) return fail(ErrorKind::kFailed, "lab.endpoint.no_stream");
  Timings timings;
  timings.cached_tokens = std::min(completion.cached_tokens.value_or(0), *completion.prompt_tokens);
  timings.prompt_tokens = *completion.prompt_tokens;
  timings.prompt_seconds = timings.first_token_seconds = completion.first_piece_seconds;
  timings.tokens = *completion.tokens;
  timings.seconds = completion.last_piece_seconds - completion.first_piece_seconds;
  return timings;
}

std::optional<uint64_t> EndpointModel::count_tokens(std::string_view text, const Watch& watch) {
  uint32_t counts[2] = {};
  const std::string texts[2] = {"", std::string(text)};
  for (int with : {0, 1}) {
    EndpointRequest request;
    request.messages = {{"user", "." + texts[with], {}}};
    request.max_tokens = 1;
    const auto completion = endpoint_->answer(request, watch.cancelled);
    if (!completion || !completion->prompt_tokens) return std::nullopt;
    counts[with] = *completion->prompt_tokens;
  }
  return counts[1] > counts[0] ? std::optional<uint64_t>(counts[1] - counts[0]) : std::nullopt;
}

Result<std::vector<int>> EndpointModel::processes() const {
  SLM_TRY(process, find_served_process(endpoint_->address()));
  return process.all;
}

TaskSubject EndpointModel::task_subject() { return {&generator_, &scorer_, generator_.identity(), name_}; }

std::vector<Message> endpoint_warnings(const Endpoint& endpoint, const std::string& name) {
  const Endpoint::Tally& tally = endpoint.tally();
  std::vector<Message> warnings;
  if (tally.failed > 0) {
    warnings.push_back(msg("lab.endpoint.failures", name, tally.failed, tally.answers, render(tally.last_failure, Language::kEnglish)));
  }
  if (tally.other_model > 0) warnings.push_back(msg("lab.endpoint.other_model", name, tally.other_model, tally.other_name));
  if (tally.uncounted > 0) warnings.push_back(msg("lab.endpoint.uncounted", name, tally.uncounted));
  if (tally.overran > 0) warnings.push_back(msg("lab.endpoint.overran", name, tally.overran));
  if (tally.straddled > 0) warnings.push_back(msg("lab.endpoint.straddled", name, tally.straddled));
  return warnings;
}

}  // namespace slm::lab
