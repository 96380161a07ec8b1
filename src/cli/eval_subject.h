// The model that a task of `slm eval` is put to.
#pragma once

#include <memory>

#include "base/result.h"
#include "cli/compared_endpoint.h"
#include "cli/open_model.h"
#include "lab/endpoint/endpoint_model.h"
#include "lab/generator.h"
#include "lab/tasks/answer_cache.h"
#include "lab/tasks/run_item.h"

namespace slm::cli {

struct EvalSubject {
  std::string name;             // as the user called it
  bool is_instruct = true;
  // Of a file:
  ResolvedModel resolved;
  std::unique_ptr<Runtime> runtime;
  std::unique_ptr<lab::RuntimeGenerator> generator;
  std::unique_ptr<lab::RuntimeScorer> scorer;
  // Of an endpoint:
  std::shared_ptr<lab::Endpoint> endpoint;
  std::unique_ptr<lab::EndpointModel> served;

  lab::TaskSubject under_test;  // points into the parts above
};

// Without --ctx with the context that a task's prompts and answers need. Errors: those of resolve_model() and Runtime::open().
Result<EvalSubject> open_eval_subject(const ModelFlags& flags);

// The model, or in its place the one endpoint. Errors also: kUsage where not exactly one is given; those of endpoint_subjects().
Result<EvalSubject> open_eval_subject(const ModelFlags& flags, const EndpointFlags& endpoint, const std::atomic<bool>* cancelled);

// The answers kept in the store's folder.
Result<std::unique_ptr<lab::AnswerCache>> open_answer_cache();

}  // namespace slm::cli
