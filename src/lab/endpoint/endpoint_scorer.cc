#include "lab/endpoint/endpoint_scorer.h"

#include "chat/unicode.h"

namespace slm::lab {

Status EndpointScorer::probe(const std::atomic<bool>* cancelled) {
  if (!is_probed_) {
    const auto echo = endpoint_->echo("One and one is two.", cancelled);
    const bool is_no = !echo && (echo.error().kind == ErrorKind::kNotFound || echo.error().kind == ErrorKind::kCorrupt);
    if (!echo && !is_no) return tl::unexpected<Error>(echo.error());
    if (is_no) why_not_ = echo.error().message;
    is_probed_ = true;
  }
  if (why_not_) return tl::unexpected<Error>(Error{ErrorKind::kNotFound, *why_not_, {}});
  return {};
}

Result<std::vector<float>> EndpointScorer::score_after(std::string_view context, std::string_view continuation,
                                                       const std::atomic<bool>* cancelled) {
  if (context.empty() || continuation.empty()) return fail(ErrorKind::kFailed, "lab.nothing_to_score", continuation);
  SLM_TRY_STATUS(probe(cancelled));
  const std::string prompt = std::string(context) + std::string(continuation);
  const auto echo = endpoint_->echo(prompt, cancelled);
  auto logprobs = echo ? logprobs_from(*echo, chat::count_code_points(context)) : tl::unexpected<Error>(echo.error());
  if (logprobs) return logprobs;
  Error error = logprobs.error();
  if (error.message.key == kTokenStraddles) endpoint_->count_straddled();
  if (error.kind == ErrorKind::kCorrupt || error.kind == ErrorKind::kNotFound) error.kind = ErrorKind::kNetwork;  // it could before
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace slm::lab
