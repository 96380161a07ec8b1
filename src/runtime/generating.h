// One generation under way: what the engine's steps bring becomes text, timings and an end.
#pragma once

#include <chrono>

#include "engine/engine.h"
#include "runtime/runtime.h"
#include "runtime/stop_strings.h"

namespace slm {

class Generating {
 public:
  using Clock = std::chrono::steady_clock;

  Generating(const Tokenizer& tokenizer, std::span<const TokenId> prompt, const GenerateOptions& options,
             const OnText& on_text);

  // Takes one step's output. True when the engine should be told to stop: a stop string was met or on_text refused.
  bool take(const StepOutput& output);
  // The caller asks for the end; the sequence's next output will be its last.
  void cancel();
  bool finished() const { return finished_; }
  Generation result() && { return std::move(generation_); }

 private:
  void emit(const std::string& text);
  void finish(FinishReason reason);

  const OnText& on_text_;
  StreamDecoder decoder_;
  StopFilter stop_;
  bool with_logprobs_, with_top_;
  bool cancelled_ = false, finished_ = false;
  Clock::time_point start_, first_;
  Generation generation_;
};

}  // namespace slm
