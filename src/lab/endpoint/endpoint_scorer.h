// An endpoint's model as what tasks by likelihood need, where it sends prompts back with their logprobs.
#pragma once

#include <memory>
#include <optional>

#include "lab/endpoint/endpoint.h"
#include "lab/scorer.h"

namespace slm::lab {

class EndpointScorer : public ContinuationScorer {
 public:
  explicit EndpointScorer(std::shared_ptr<Endpoint> endpoint) : endpoint_(std::move(endpoint)) {}
  // The endpoint is asked once, before the first text, whether it can. Where it cannot, or lies already then, every call is kNotFound
  // with that reason; a lie later is kNetwork, as any failed request.
  Result<std::vector<float>> score_after(std::string_view context, std::string_view continuation,
                                         const std::atomic<bool>* cancelled = nullptr) override;

 private:
  Status probe(const std::atomic<bool>* cancelled);

  std::shared_ptr<Endpoint> endpoint_;
  bool is_probed_ = false;
  std::optional<Message> why_not_;
};

}  // namespace slm::lab
