#include "runtime/generating.h"

namespace slm {
namespace {

double seconds_since(Generating::Clock::time_point begin) {
  return std::chrono::duration<double>(Generating::Clock::now() - begin).count();
}

}  // namespace

Generating::Generating(const Tokenizer& tokenizer, std::span<const TokenId> prompt, const GenerateOptions& options,
                       const OnText& on_text)
    : on_text_(on_text),
      decoder_(tokenizer),
      stop_(options.stop),
      with_logprobs_(options.with_logprobs),
      with_top_(options.top_logprobs > 0),
      start_(Clock::now()) {
  generation_.prompt_ids.assign(prompt.begin(), prompt.end());
  generation_.timings.prompt_tokens = static_cast<uint32_t>(prompt.size());
}

bool Generating::take(const StepOutput& output) {
  Timings& timings = generation_.timings;
  timings.cached_tokens = output.cached_tokens;
  bool stop = false;
  if (output.id && !stop_.stopped() && !cancelled_) {
    if (generation_.ids.empty()) {
      timings.first_token_seconds = timings.prompt_seconds = seconds_since(start_);
      first_ = Clock::now();
    }
    generation_.ids.push_back(*output.id);
    if (with_logprobs_) generation_.logprobs.push_back({*output.id, output.logprob});
    if (with_top_) generation_.top_logprobs.push_back(output.top);
    emit(stop_.push(decoder_.push(*output.id)));
    stop = stop_.stopped() || cancelled_;
  }
  if (output.finish != FinishReason::kNone) finish(output.finish);
  return stop && !finished_;
}

void Generating::cancel() { cancelled_ = true; }

void Generating::emit(const std::string& text) {
  if (text.empty()) return;
  generation_.text += text;
  if (on_text_ && !on_text_(text)) cancelled_ = true;
}

void Generating::finish(FinishReason reason) {
  Timings& timings = generation_.timings;
  timings.tokens = static_cast<uint32_t>(generation_.ids.size());
  if (timings.tokens == 0) {
    timings.prompt_seconds = seconds_since(start_);
  } else {
    timings.seconds = seconds_since(first_);
  }
  if (!stop_.stopped() && !cancelled_) {
    emit(stop_.push(decoder_.finish()));
    if (!stop_.stopped()) emit(stop_.finish());
  }
  if (stop_.stopped()) {
    generation_.finish_reason = "stop";
  } else if (cancelled_ || reason == FinishReason::kCancelled) {
    generation_.finish_reason = "cancelled";
  } else {
    generation_.finish_reason = reason == FinishReason::kStop ? "stop" : "length";
  }
  finished_ = true;
}

}  // namespace slm
