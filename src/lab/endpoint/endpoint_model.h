// A served model as one side of a comparison.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lab/compare/measured_model.h"
#include "lab/endpoint/endpoint_generator.h"
#include "lab/endpoint/endpoint_scorer.h"

namespace slm::lab {

// Its times are a client's: the way to the server and back is in them. A prompt's time is that until the first piece of the answer, which holds
// the first token's too.
class EndpointModel : public MeasuredModel {
 public:
  EndpointModel(std::shared_ptr<Endpoint> endpoint, std::string name);

  // Every prompt begins with other words than any before it, so that no cache of the server knows it. Lengths are the endpoint's own
  // counts, its chat template's tokens among them. Errors also: kFailed: it counts no tokens, or does not stream; kDoesNotFit: it
  // read fewer tokens than it was sent.
  Result<Timings> time_answer(uint32_t prompt_tokens, uint32_t tokens, const Watch& watch) override;
  // By what it counts for a prompt with the text, less that for one without. One answer each: not for thousands of texts.
  std::optional<uint64_t> count_tokens(std::string_view text, const Watch& watch) override;
  TaskSubject task_subject() override;
  std::string isa() const override { return {}; }
  int threads() const override { return 0; }
  Result<std::vector<int>> processes() const override;

 private:
  Result<Completion> ask(uint32_t prompt_tokens, uint32_t tokens, const Watch& watch);

  std::shared_ptr<Endpoint> endpoint_;
  std::string name_;
  EndpointGenerator generator_;
  EndpointScorer scorer_;
  std::optional<double> bytes_per_token_;  // of plain_prompt(), by the endpoint's own counts
  std::string first_words_;                // other ones in each run of the program
  uint64_t prompts_ = 0;
  bool has_streamed_ = false;              // an answer came in more than one read
};

// What went wrong with it so far, for a comparison's warnings.
std::vector<Message> endpoint_warnings(const Endpoint& endpoint, const std::string& name);

}  // namespace slm::lab
