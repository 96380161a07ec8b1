#include "cli/eval_subject.h"

#include <algorithm>

#include "hub/layout.h"
#include "hub/store.h"

namespace slm::cli {
namespace {

// What a task's prompts and answers need of a context, where the model has it.
constexpr uint32_t kTaskContext = 4'096;

}  // namespace

Result<EvalSubject> open_eval_subject(const ModelFlags& flags) {
  EvalSubject subject;
  SLM_TRY(resolved, resolve_model(flags));
  subject.resolved = std::move(resolved);
  subject.name = flags.model;
  subject.is_instruct = subject.resolved.is_instruct();
  OpenOptions& options = subject.resolved.options;
  if (options.context == 0) options.context = std::min(kTaskContext, subject.resolved.facts.context);
  SLM_TRY(sha256, hub::Store::open().sha256_of(subject.resolved.stored));
  SLM_TRY(runtime, Runtime::open(options));
  subject.runtime = std::move(runtime);
  subject.generator = std::make_unique<lab::RuntimeGenerator>(*subject.runtime, options, sha256);
  subject.scorer = std::make_unique<lab::RuntimeScorer>(*subject.runtime);
  subject.under_test = {subject.generator.get(), subject.scorer.get(), lab::likelihood_identity(*subject.runtime, options, sha256),
                        flags.model};
  return subject;
}

Result<EvalSubject> open_eval_subject(const ModelFlags& flags, const EndpointFlags& endpoint, const std::atomic<bool>* cancelled) {
  const size_t given = size_t{!flags.model.empty()} + endpoint.endpoints.size();
  if (given != 1) return fail_with_hint(ErrorKind::kUsage, msg("lab.endpoint.one_subject", given), msg("lab.endpoint.flag_example"));
  if (endpoint.endpoints.empty()) return open_eval_subject(flags);
  SLM_TRY(served, endpoint_subjects(endpoint, cancelled));
  EvalSubject subject;
  subject.name = served[0].model.name;
  subject.is_instruct = served[0].model.is_instruct;
  subject.endpoint = served[0].endpoint;
  subject.served = std::make_unique<lab::EndpointModel>(subject.endpoint, subject.name);
  subject.under_test = subject.served->task_subject();
  return subject;
}

Result<std::unique_ptr<lab::AnswerCache>> open_answer_cache() {
  return lab::AnswerCache::open(hub::Layout{hub::Store::open().root()}.answers());
}

}  // namespace slm::cli
