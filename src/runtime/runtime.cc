#include "runtime/runtime.h"

#include <algorithm>
#include <map>

#include "base/huge_memory.h"
#include "base/limits.h"
#include "base/thread_pool.h"
#include "model/head_screen.h"
#include "runtime/chat_ids.h"
#include "runtime/generating.h"
#include "runtime/memory_plan.h"
#include "runtime/model_facts.h"

namespace slm {
namespace {

// What a vocabulary takes in memory beside the file: hash tables of pieces and merges. Measured between vocabularies of 49,152
// and 262,144 tokens: 52 bytes a token of anonymous memory.
constexpr uint64_t kTokenizerBytesPerToken = 64;
// The program itself, its libraries, stacks and what malloc keeps.
constexpr uint64_t kProgramBytes = 16u << 20;

struct OpenedFile {
  std::shared_ptr<const gguf::File> file;
  std::unique_ptr<Model> model;
  ModelFacts facts;
};

// The file mapped, its header and tensors checked; no weight is read.
Result<OpenedFile> open_file(const std::string& path) {
  OpenedFile opened;
  SLM_TRY(file, gguf::File::open(path));
  opened.file = file;
  SLM_TRY(facts, read_model_facts(*file));
  opened.facts = std::move(facts);
  SLM_TRY(table, kernels::choose_table());
  SLM_TRY(model, Model::open(file, *table));
  opened.model = std::move(model);
  return opened;
}

Status validate_options(const OpenOptions& options, const ModelSpec& spec) {
  if (options.context > spec.context) {
    return fail_with_hint(ErrorKind::kUsage, msg("runtime.context_beyond_model", options.context, spec.context),
                          msg("runtime.context_at_most", spec.context));
  }
  if (options.threads < 0 || options.threads > limits::kMaxThreads) {
    return fail(ErrorKind::kUsage, "runtime.bad_threads", options.threads, limits::kMaxThreads);
  }
  if (options.sequences == 0 || options.sequences > limits::kMaxSequences) {
    return fail(ErrorKind::kUsage, "runtime.bad_sequences", options.sequences, limits::kMaxSequences);
  }
  if (options.max_batch_tokens == 0 || options.max_batch_tokens > limits::kMaxBatchTokens) {
    return fail(ErrorKind::kUsage, "runtime.bad_batch", options.max_batch_tokens, limits::kMaxBatchTokens);
  }
  if (options.kv_type == kernels::KvType::kQ8_0 && spec.head_dim % 32 != 0) {
    return fail(ErrorKind::kUsage, "runtime.kv_needs_32", spec.head_dim);
  }
  return {};
}

MemoryPlan plan_for(const Model& model, const OpenOptions& options, int threads, uint64_t available) {
  const ModelSpec& spec = model.spec();
  const KvLayout layout = model.kv_layout(options.kv_type);
  MemoryNeeds needs;
  needs.weights = model.weight_bytes();
  needs.workspace = [&](uint32_t context) {
    return model.workspace_bytes(options.max_batch_tokens, threads, context) + kProgramBytes +
           kTokenizerBytesPerToken * spec.vocabulary + uint64_t{options.sequences + 1} * spec.vocabulary * sizeof(float);
  };
  needs.kv = [&](uint32_t context) {
    return uint64_t{options.sequences} * layout.bytes_for(context, options.max_batch_tokens);
  };
  needs.trained_context = spec.context;
  needs.available = available;
  MemoryPlan plan = plan_memory(needs, options.context);
  const uint64_t copy = options.screen_head ? model.head_screen_bytes() : 0;
  if (plan.total + copy <= plan.available) plan.head_copy = copy;
  plan.head_copy_after = HeadScreen::kRowsBefore;
  return plan;
}

// Ids at the end of the vocabulary that stand for nothing (rows added to make its size round).
uint32_t usable_ids(const Tokenizer& tokenizer, uint32_t vocabulary) {
  uint32_t n = std::min(static_cast<uint32_t>(tokenizer.size()), vocabulary);
  while (n > 1 && tokenizer.kind(static_cast<TokenId>(n - 1)) == TokenKind::kUnused) --n;
  return n;
}

}  // namespace

struct Runtime::Impl {
  OpenOptions options;
  int threads = 1;
  OpenedFile opened;
  MemoryPlan plan;
  std::shared_ptr<const Tokenizer> tokenizer;
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<Engine> engine;
  std::string template_source;                               // "" where there is none
  std::shared_ptr<const chat::Template> compiled;            // null: none, or `template_error`
  std::optional<Error> template_error;                       // told when a chat is rendered: text can be continued without
  std::optional<uint64_t> retained;                          // the last generation's KV

  Request request_for(std::span<const TokenId> prompt, const GenerateOptions& options) const;
  Result<std::vector<Generation>> drive(std::vector<Generating>& all, const std::vector<std::vector<TokenId>>& prompts,
                                        const GenerateOptions& options, const std::atomic<bool>* cancelled);
};

Runtime::Runtime() : impl_(std::make_unique<Impl>()) {}
Runtime::~Runtime() = default;

Result<ModelFacts> Runtime::facts(const std::string& path) {
  SLM_TRY(file, gguf::File::open(path));
  return read_model_facts(*file);
}

Result<MemoryPlan> Runtime::plan(const OpenOptions& options) {
  SLM_TRY(opened, open_file(options.path));
  SLM_TRY_STATUS(validate_options(options, opened.model->spec()));
  const MachineFacts machine = machine_facts();
  return plan_for(*opened.model, options, options.threads > 0 ? options.threads : machine.usable_cores,
                  machine.available_bytes);
}

Result<std::unique_ptr<Runtime>> Runtime::open(const OpenOptions& options) {
  std::unique_ptr<Runtime> runtime(new Runtime);
  Impl& impl = *runtime->impl_;
  impl.options = options;
  SLM_TRY(opened, open_file(options.path));
  impl.opened = std::move(opened);
  Model& model = *impl.opened.model;
  SLM_TRY_STATUS(validate_options(options, model.spec()));
  const MachineFacts machine = machine_facts();
  impl.threads = options.threads > 0 ? options.threads : machine.usable_cores;
  impl.plan = plan_for(model, options, impl.threads, machine.available_bytes);
  SLM_TRY_STATUS(require_fit(impl.plan, options.context));

  SLM_TRY(tokenizer, Tokenizer::open(*impl.opened.file));
  impl.tokenizer = tokenizer;
  if (tokenizer->size() > model.spec().vocabulary) {
    return fail(ErrorKind::kCorrupt, "runtime.vocabulary_mismatch", tokenizer->size(), model.spec().vocabulary);
  }
  impl.template_source = options.template_text.empty() ? impl.opened.facts.chat_template : options.template_text;
  if (!impl.template_source.empty()) {
    auto compiled = chat::Template::compile(impl.template_source);
    if (compiled) {
      impl.compiled = *compiled;
    } else {
      impl.template_error = compiled.error();
    }
  }
  impl.pool = std::make_unique<ThreadPool>(impl.threads, Teams::kAsItPays);
  EngineOptions engine_options;
  engine_options.context = impl.plan.context;
  engine_options.sequences = options.sequences;
  engine_options.max_batch_tokens = options.max_batch_tokens;
  engine_options.kv_type = options.kv_type;
  // While a part moves, and after it as long as nothing else asks for the memory, the file's pages are held as well.
  engine_options.moves_weights = gives_huge_pages() && impl.plan.available - impl.plan.total >= impl.plan.weights + impl.plan.head_copy;
  engine_options.n_usable = usable_ids(*tokenizer, model.spec().vocabulary);
  if (impl.plan.head_copy > 0) engine_options.head_screening = HeadScreening::kWhereItPays;
  SLM_TRY(engine, Engine::create(model, *impl.pool, engine_options));
  impl.engine = std::move(engine);
  return runtime;
}

const ModelFacts& Runtime::facts() const { return impl_->opened.facts; }
const MemoryPlan& Runtime::memory_plan() const { return impl_->plan; }
const Tokenizer& Runtime::tokenizer() const { return *impl_->tokenizer; }
const Model& Runtime::model() const { return *impl_->opened.model; }
Engine& Runtime::engine() { return *impl_->engine; }
int Runtime::threads() const { return impl_->threads; }
double Runtime::share_on_fewer_threads() const { return impl_->pool->share_on_fewer_threads(); }
bool Runtime::is_instruct() const { return impl_->options.is_instruct; }

std::vector<TokenId> Runtime::encode(std::string_view text, bool special) const {
  return impl_->tokenizer->encode(text, {.special = special, .add_bos = true});
}

Result<Runtime::ChatPrompt> Runtime::encode_chat(const std::vector<chat::ChatMessage>& messages,
                                                 const std::string& tools_json) const {
  if (impl_->template_error) return tl::unexpected<Error>(*impl_->template_error);
  if (impl_->compiled == nullptr) {
    return fail_with_hint(ErrorKind::kFailed, msg("runtime.no_template", impl_->options.path), msg("runtime.give_template"));
  }
  const Tokenizer& tokenizer = *impl_->tokenizer;
  chat::RenderOptions options;
  if (tokenizer.bos()) options.bos_token = tokenizer.piece(*tokenizer.bos());
  if (tokenizer.eos()) options.eos_token = tokenizer.piece(*tokenizer.eos());
  options.tools_json = tools_json;
  SLM_TRY(rendered, chat::render_prompt(*impl_->compiled, messages, options));
  ChatPrompt prompt;
  prompt.ids = encode_pieces(tokenizer, rendered.pieces);
  prompt.text = chat::joined(rendered.pieces);
  prompt.system_folded = rendered.system_folded;
  return prompt;
}

Request Runtime::Impl::request_for(std::span<const TokenId> prompt, const GenerateOptions& generate) const {
  Request request;
  request.prompt.assign(prompt.begin(), prompt.end());
  request.max_tokens = generate.max_tokens;
  request.sampling = generate.sampling;
  if (!generate.ignore_end_tokens) {
    const auto ends = tokenizer->end_tokens();
    request.end_ids.assign(ends.begin(), ends.end());
  }
  request.top_logprobs = generate.top_logprobs;
  request.with_logprob = generate.with_logprobs;
  return request;
}

// Runs every prompt to its end, at most `sequences` at a time. Where there is one prompt alone, the KV of the call before is
// offered for reuse and this one's is kept.
Result<std::vector<Generation>> Runtime::Impl::drive(std::vector<Generating>& all,
                                                     const std::vector<std::vector<TokenId>>& prompts,
                                                     const GenerateOptions& generate, const std::atomic<bool>* cancelled) {
  const bool alone = prompts.size() == 1;
  std::map<SequenceId, size_t> running;  // sequence -> index of its prompt
  size_t next = 0;
  const auto stop_all = [&] {
    for (const auto& [sequence, index] : running) engine->cancel(sequence);
    while (!engine->idle()) engine->step();
    for (const auto& [sequence, index] : running) engine->release(sequence, false);
  };
  while (next < prompts.size() || !running.empty()) {
    while (next < prompts.size() && running.size() < options.sequences) {
      Request request = request_for(prompts[next], generate);
      if (alone) request.reuse = retained;
      auto sequence = engine->submit(std::move(request));
      if (!sequence) {
        stop_all();
        return tl::unexpected<Error>(sequence.error());
      }
      if (alone) retained.reset();  // used up
      running.emplace(*sequence, next++);
    }
    if (cancelled != nullptr && cancelled->load()) {
      for (const auto& [sequence, index] : running) {
        all[index].cancel();
        engine->cancel(sequence);
      }
    }
    for (const StepOutput& output : engine->step()) {
      const auto found = running.find(output.sequence);
      if (found == running.end()) continue;
      Generating& one = all[found->second];
      if (one.take(output)) engine->cancel(output.sequence);
      if (!one.finished()) continue;
      const auto handle = engine->release(output.sequence, alone);
      if (alone) retained = handle;
      running.erase(found);
    }
  }
  std::vector<Generation> results;
  for (Generating& one : all) results.push_back(std::move(one).result());
  return results;
}

namespace {

Status validate_generate(const GenerateOptions& options) {
  SLM_TRY_STATUS(validate(options.sampling));
  SLM_TRY_STATUS(validate_stop_strings(options.stop));
  if (options.top_logprobs > limits::kMaxTopLogprobs) {
    return fail(ErrorKind::kUsage, "runtime.too_many_logprobs", options.top_logprobs, limits::kMaxTopLogprobs);
  }
  if (options.max_tokens == 0) return fail(ErrorKind::kUsage, "runtime.no_tokens_asked");
  return {};
}

}  // namespace

Result<Generation> Runtime::generate(std::span<const TokenId> prompt, const GenerateOptions& options, const OnText& on_text,
                                     const std::atomic<bool>* cancelled) {
  SLM_TRY_STATUS(validate_generate(options));
  std::vector<Generating> one;
  one.emplace_back(*impl_->tokenizer, prompt, options, on_text);
  SLM_TRY(results, impl_->drive(one, {{prompt.begin(), prompt.end()}}, options, cancelled));
  return std::move(results.front());
}

Result<std::vector<Generation>> Runtime::generate_many(const std::vector<std::vector<TokenId>>& prompts,
                                                       const GenerateOptions& options) {
  SLM_TRY_STATUS(validate_generate(options));
  const OnText silent;
  std::vector<Generating> all;
  for (const auto& prompt : prompts) all.emplace_back(*impl_->tokenizer, prompt, options, silent);
  return impl_->drive(all, prompts, options, nullptr);
}

Result<std::vector<float>> Runtime::score(std::span<const TokenId> ids, uint32_t first) {
  if (first == 0 || first >= ids.size()) return fail(ErrorKind::kUsage, "runtime.bad_score_range", first, ids.size());
  const kernels::KernelTable& kernels = impl_->opened.model->kernels();
  std::vector<float> scores(ids.size() - first);
  // The last id is only predicted: it need not be run.
  SLM_TRY_STATUS(impl_->engine->score(ids.first(ids.size() - 1), first - 1, [&](uint32_t i, std::span<const float> logits) {
    scores[i + 1 - first] = logprob_of(kernels, logits, ids[i + 1]);
  }));
  return scores;
}

Result<std::vector<std::vector<TokenLogprob>>> Runtime::top_after_each(std::span<const TokenId> ids, uint32_t k) {
  if (ids.empty()) return fail(ErrorKind::kUsage, "runtime.no_ids");
  if (k == 0 || k > limits::kMaxTopLogprobs) {
    return fail(ErrorKind::kUsage, "runtime.too_many_logprobs", k, limits::kMaxTopLogprobs);
  }
  const kernels::KernelTable& kernels = impl_->opened.model->kernels();
  std::vector<std::vector<TokenLogprob>> tops(ids.size());
  SLM_TRY_STATUS(impl_->engine->score(ids, 0, [&](uint32_t i, std::span<const float> logits) {
    tops[i] = top_logprobs(kernels, logits, k);
  }));
  return tops;
}

void Runtime::forget() {
  if (impl_->retained) impl_->engine->drop(*impl_->retained);
  impl_->retained.reset();
}

}  // namespace slm
