#include "lab/compare/measured_model.h"

#include <unistd.h>

namespace slm::lab {
namespace {

constexpr std::string_view kParagraph =
    "The library stands at the end of the street, where the old market used to be. It opens at nine every morning, and by ten most of "
    "the seats near the windows are taken. Students come to read for their examinations, older people come for the newspapers, and in "
    "the afternoon the children's room fills with the noise of stories being told. The building is warm in winter and cool in summer, "
    "which is one reason why so many people stay longer than they had planned. On the second floor there is a small collection of maps. "
    "The oldest was drawn more than three hundred years ago by a sailor who had never seen half of the coast that he put on paper. The "
    "librarian likes to show it to visitors: the rivers run in the right direction, she says, but the mountains are where he hoped they "
    "would be. Nobody has ever asked to borrow it. In the cellar, behind two doors, the town keeps the records of its streets and houses, "
    "its births and its marriages, and a diary written during a flood by a teacher who watched the water rise, step by step, towards the "
    "room in which she was writing. Her last line says that the rain has stopped and that she is going down to see what is left. ";
constexpr size_t kMostBytesPerToken = 6;  // of this text, in every vocabulary at hand: enough text for the tokens asked for

}  // namespace

std::string plain_prompt(uint32_t tokens) {
  std::string text;
  while (text.size() < tokens * kMostBytesPerToken) text += kParagraph;
  return text;
}

Result<std::unique_ptr<LocalModel>> LocalModel::open(const OpenOptions& options, const std::string& name, const std::string& sha256) {
  SLM_TRY(runtime, Runtime::open(options));
  return std::unique_ptr<LocalModel>(new LocalModel(std::move(runtime), options, name, sha256));
}

LocalModel::LocalModel(std::unique_ptr<Runtime> runtime, const OpenOptions& options, const std::string& name, const std::string& sha256)
    : runtime_(std::move(runtime)), name_(name), generator_(*runtime_, options, sha256), scorer_(*runtime_),
      scorer_identity_(likelihood_identity(*runtime_, options, sha256)) {}

Result<Timings> LocalModel::time_answer(uint32_t prompt_tokens, uint32_t tokens, const Watch& watch) {
  runtime_->forget();
  GenerateOptions options;
  options.max_tokens = tokens;
  options.ignore_end_tokens = true;
  std::vector<slm::TokenId> prompt = runtime_->encode(plain_prompt(prompt_tokens));
  const uint32_t context = runtime_->memory_plan().context;
  if (context <= tokens + 1) return fail(ErrorKind::kDoesNotFit, "lab.longer_than_context", tokens + 2, context);
  prompt.resize(std::min<size_t>({prompt.size(), prompt_tokens, context - tokens - 1}));
  SLM_TRY(generation, runtime_->generate(prompt, options, {}, watch.cancelled));
  SLM_TRY_STATUS(watch.check());
  if (generation.timings.tokens < 2) return fail(ErrorKind::kFailed, "lab.no_answer", name_);
  return generation.timings;
}

std::optional<uint64_t> LocalModel::count_tokens(std::string_view text, const Watch&) { return runtime_->encode(text).size(); }

TaskSubject LocalModel::task_subject() { return {&generator_, &scorer_, scorer_identity_, name_}; }

std::string LocalModel::isa() const { return std::string(runtime_->model().kernels().name); }

int LocalModel::threads() const { return runtime_->threads(); }

double LocalModel::share_on_fewer_threads() const { return runtime_->share_on_fewer_threads(); }

Result<std::vector<int>> LocalModel::processes() const { return std::vector<int>{getpid()}; }

}  // namespace slm::lab
