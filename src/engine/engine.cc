#include "engine/engine.h"

#include <algorithm>
#include <deque>
#include <map>

#include "base/limits.h"
#include "engine/retained.h"
#include "engine/sequence.h"

namespace slm {
namespace {

// Of weights, moved after a decode step: a few milliseconds, so that nobody waits for it.
constexpr size_t kMovedBytes = 32u << 20;

// Rows whose logits are held at once.
constexpr uint32_t kLogitRows = 32;

Status in_range(const char* option, uint64_t value, uint64_t low, uint64_t high) {
  if (value >= low && value <= high) return {};
  return fail(ErrorKind::kUsage, "engine.option", option, value, low, high);
}

// How many of the likeliest ids the choice of a token looks at, and nothing else of the request looks at more; 0: all.
uint32_t likeliest_wanted(const Request& request) {
  if (request.with_logprob || request.top_logprobs > 0) return 0;
  return likeliest_read(request.sampling);
}

}  // namespace

struct Engine::Impl {
  Impl(Model& m, ThreadPool& p, const EngineOptions& o, std::unique_ptr<KvPool> pages,
       std::unique_ptr<Model::Workspace, void (*)(Model::Workspace*)> space)
      : model(m), pool(p), options(o), kv(std::move(pages)), workspace(std::move(space)), retained(o.sequences + 1) {}

  // One sequence's part of a batch.
  struct Share {
    Sequence* sequence;
    uint32_t n;        // pending ids to run
    bool samples;      // its last logits are sampled from
  };

  Status check_ids(std::span<const int32_t> ids) const;
  Status check_request(const Request& request) const;

  void admit();
  std::vector<Share> share_out();
  void run(const std::vector<Share>& shares, std::vector<StepOutput>& outputs);
  void sample(Sequence& sequence, std::span<float> logits, StepOutput& output);
  StepOutput progress(const Sequence& sequence) const;
  void finish(Sequence& sequence, FinishReason reason, StepOutput& output);
  void report_cancelled(std::vector<StepOutput>& outputs);

  // Pages for n more positions; takes them from KV that nobody is using right now.
  Status extend(KvSequence& sequence, uint32_t n);
  bool evict_one();

  std::span<float> logits_of(uint32_t rows);
  // Runs the batch and calls take(row, logits) for each row asked for, in order.
  template <class Take>
  void forward(std::span<const BatchItem> batch, uint32_t rows, const Take& take);
  Status score(std::span<const int32_t> ids, uint32_t first,
               const std::function<void(uint32_t, std::span<const float>)>& visit);

  Model& model;
  ThreadPool& pool;
  EngineOptions options;
  std::unique_ptr<KvPool> kv;
  std::unique_ptr<Model::Workspace, void (*)(Model::Workspace*)> workspace;
  // Everything below holds pages of `kv` and goes before it.
  std::map<SequenceId, std::unique_ptr<Sequence>> sequences;
  std::deque<Sequence*> waiting;
  std::vector<Sequence*> running;    // in the order they were admitted
  std::deque<Sequence*> finished;    // not released yet, oldest first
  RetainedSet retained;
  RetainedKv scored;                 // of the last score(); kv may be null
  SequenceId next_id = 1;
  size_t turn = 0;                   // which decoding sequence comes first when not all fit a batch
  std::vector<float> logits;         // (rows, vocabulary), grown to what was needed
  std::vector<float> raw_logits;     // (vocabulary): a copy from before sampling
};

Engine::Engine() = default;
Engine::~Engine() = default;
const EngineOptions& Engine::options() const { return impl_->options; }
const Model& Engine::model() const { return impl_->model; }
HeadScreenUse Engine::head_screen_use() const { return Model::head_screen_use(*impl_->workspace); }
void Engine::profile(PassProfile* into) { Model::profile(*impl_->workspace, into); }

Result<std::unique_ptr<Engine>> Engine::create(Model& model, ThreadPool& pool, const EngineOptions& options) {
  SLM_TRY_STATUS(in_range("context", options.context, 1, limits::kMaxContext));
  SLM_TRY_STATUS(in_range("sequences", options.sequences, 1, limits::kMaxSequences));
  SLM_TRY_STATUS(in_range("max_batch_tokens", options.max_batch_tokens, 1, limits::kMaxBatchTokens));
  SLM_TRY_STATUS(in_range("n_usable", options.n_usable, 0, model.spec().vocabulary));
  EngineOptions all = options;
  if (all.n_usable == 0) all.n_usable = model.spec().vocabulary;
  SLM_TRY(pages, KvPool::create(model.kv_layout(options.kv_type), options.sequences, options.context,
                                options.max_batch_tokens));
  auto workspace = model.make_workspace(options.max_batch_tokens, options.context, pool.size(), options.head_screening);
  if (!workspace) {
    return fail(ErrorKind::kDoesNotFit, "engine.workspace",
                model.workspace_bytes(options.max_batch_tokens, pool.size(), options.context));
  }
  std::unique_ptr<Engine> engine(new Engine);
  engine->impl_ = std::make_unique<Impl>(model, pool, all, std::move(pages), std::move(workspace));
  return engine;
}

Status Engine::Impl::check_ids(std::span<const int32_t> ids) const {
  if (ids.empty()) return fail(ErrorKind::kUsage, "engine.empty_prompt");
  if (ids.size() > options.context) {
    return fail(ErrorKind::kDoesNotFit, "engine.prompt_too_long", ids.size(), options.context);
  }
  for (const int32_t id : ids) {
    if (id < 0 || static_cast<uint32_t>(id) >= model.spec().vocabulary) {
      return fail(ErrorKind::kUsage, "engine.bad_id", id, model.spec().vocabulary);
    }
  }
  return {};
}

Status Engine::Impl::check_request(const Request& request) const {
  SLM_TRY_STATUS(check_ids(request.prompt));
  SLM_TRY_STATUS(validate(request.sampling));
  for (const auto& [id, bias] : request.sampling.logit_bias) {
    if (id < 0 || static_cast<uint32_t>(id) >= model.spec().vocabulary) {
      return fail(ErrorKind::kUsage, "engine.bad_id", id, model.spec().vocabulary);
    }
  }
  SLM_TRY_STATUS(in_range("top_logprobs", request.top_logprobs, 0, limits::kMaxTopLogprobs));
  if (waiting.size() >= limits::kMaxWaitingSequences) {
    return fail(ErrorKind::kFailed, "engine.queue_full", waiting.size());
  }
  return {};
}

Result<SequenceId> Engine::submit(Request request) {
  SLM_TRY_STATUS(impl_->check_request(request));
  const SequenceId id = impl_->next_id++;
  auto sequence = std::make_unique<Sequence>(id, std::move(request), impl_->model.kernels(), *impl_->kv);
  if (sequence->request.reuse) {
    if (auto kept = impl_->retained.take(*sequence->request.reuse)) {
      // The last prompt token always runs: its logits give the first output.
      sequence->cached = kept->cut_to_prefix(sequence->ids, sequence->n_prompt() - 1);
      sequence->kv = std::move(kept->kv);
    }
  }
  impl_->waiting.push_back(sequence.get());
  impl_->sequences.emplace(id, std::move(sequence));
  return id;
}

void Engine::cancel(SequenceId sequence) {
  const auto it = impl_->sequences.find(sequence);
  if (it != impl_->sequences.end() && it->second->state != Sequence::State::kFinished) it->second->cancelled = true;
}

bool Engine::idle() const { return impl_->waiting.empty() && impl_->running.empty(); }

std::optional<uint64_t> Engine::release(SequenceId id, bool keep) {
  const auto it = impl_->sequences.find(id);
  if (it == impl_->sequences.end() || it->second->state != Sequence::State::kFinished) return std::nullopt;
  Sequence& sequence = *it->second;
  std::optional<uint64_t> handle;
  const uint32_t held = sequence.kv->length();
  if (keep && held > 0) {
    sequence.ids.resize(held);
    handle = impl_->retained.keep({std::move(sequence.ids), std::move(sequence.kv)});
  }
  std::erase(impl_->finished, &sequence);
  impl_->sequences.erase(it);
  return handle;
}

void Engine::drop(uint64_t handle) { impl_->retained.take(handle); }

std::vector<StepOutput> Engine::step() {
  std::vector<StepOutput> outputs;
  impl_->report_cancelled(outputs);
  impl_->admit();
  const std::vector<Impl::Share> shares = impl_->share_out();
  if (!shares.empty()) impl_->run(shares, outputs);
  return outputs;
}

void Engine::Impl::report_cancelled(std::vector<StepOutput>& outputs) {
  const auto leaves = [&](Sequence* sequence) {
    if (!sequence->cancelled) return false;
    finish(*sequence, FinishReason::kCancelled, outputs.emplace_back(progress(*sequence)));
    return true;
  };
  std::erase_if(running, leaves);
  std::erase_if(waiting, leaves);
}

void Engine::Impl::admit() {
  while (!waiting.empty() && running.size() < options.sequences) {
    running.push_back(waiting.front());
    waiting.pop_front();
    running.back()->state = Sequence::State::kRunning;
  }
}

// One token of every sequence that decodes, then prefill with what is left of the batch. Where not all that decode fit, they
// take turns, and prefill keeps a half.
std::vector<Engine::Impl::Share> Engine::Impl::share_out() {
  std::vector<Share> shares;
  std::vector<Sequence*> decoding, prefilling;
  for (Sequence* sequence : running) (sequence->decoding() ? decoding : prefilling).push_back(sequence);
  uint32_t left = options.max_batch_tokens;
  const uint32_t for_decode = prefilling.empty() ? left : std::max(left / 2, 1u);
  const size_t n = std::min<size_t>(decoding.size(), for_decode);
  for (size_t i = 0; i < n; ++i) {
    Sequence* sequence = decoding[(turn + i) % decoding.size()];
    shares.push_back({sequence, 1, true});
  }
  turn = n < decoding.size() ? (turn + n) % decoding.size() : 0;
  left -= static_cast<uint32_t>(n);
  for (Sequence* sequence : prefilling) {
    if (left == 0) break;
    const uint32_t take = std::min(sequence->n_pending(), left);
    shares.push_back({sequence, take, take == sequence->n_pending() && sequence->has_room(options.context)});
    left -= take;
  }
  return shares;
}

void Engine::Impl::run(const std::vector<Share>& shares, std::vector<StepOutput>& outputs) {
  std::vector<BatchItem> batch;
  std::vector<size_t> sampled;  // the shares that have a row
  for (size_t i = 0; i < shares.size(); ++i) {
    const auto& [sequence, n, samples] = shares[i];
    const uint32_t first_pos = sequence->kv->length();
    const Status extended = extend(*sequence->kv, n);
    SLM_CHECK(extended);  // the pool holds `sequences` full ones, and no more than that run
    batch.push_back({sequence->kv.get(), first_pos, std::span<const int32_t>(sequence->ids).subspan(first_pos, n),
                     samples ? n - 1 : n, {likeliest_wanted(sequence->request), options.n_usable}});
    if (samples) sampled.push_back(i);
  }
  const size_t first_output = outputs.size();
  for (const Share& share : shares) outputs.push_back(progress(*share.sequence));
  forward(batch, static_cast<uint32_t>(sampled.size()), [&](uint32_t row, std::span<float> row_logits) {
    const size_t i = sampled[row];
    sample(*shares[i].sequence, row_logits, outputs[first_output + i]);
  });
  for (size_t i = 0; i < shares.size(); ++i) {
    Sequence& sequence = *shares[i].sequence;
    if (sequence.n_pending() == 0 && sequence.state == Sequence::State::kRunning) {
      finish(sequence, FinishReason::kLength, outputs[first_output + i]);  // nothing may follow the prompt
    }
  }
  std::erase_if(running, [](const Sequence* s) { return s->state == Sequence::State::kFinished; });
  const bool decoded = std::any_of(shares.begin(), shares.end(), [](const Share& share) { return share.n == 1 && share.samples; });
  if (options.moves_weights && decoded) options.moves_weights = model.move_weights(kMovedBytes, *workspace, pool);
}

template <class Take>
void Engine::Impl::forward(std::span<const BatchItem> batch, uint32_t rows, const Take& take) {
  const size_t vocabulary = model.spec().vocabulary;
  const std::span<float> buffer = logits_of(std::min(rows, kLogitRows));
  const auto give = [&](uint32_t first, uint32_t n) {
    for (uint32_t r = 0; r < n; ++r) take(first + r, buffer.subspan(r * vocabulary, vocabulary));
  };
  if (rows <= kLogitRows) {
    model.forward(batch, *workspace, pool, buffer);
    give(0, rows);
    return;
  }
  model.run_layers(batch, *workspace, pool);
  for (uint32_t first = 0; first < rows; first += kLogitRows) {
    const uint32_t n = std::min(kLogitRows, rows - first);
    model.project(first, n, *workspace, pool, buffer);
    give(first, n);
  }
}

std::span<float> Engine::Impl::logits_of(uint32_t rows) {
  const size_t floats = size_t{rows} * model.spec().vocabulary;
  if (logits.size() < floats) logits.resize(floats);
  return std::span<float>(logits).first(floats);
}

void Engine::Impl::sample(Sequence& sequence, std::span<float> row, StepOutput& output) {
  const kernels::KernelTable& kernels = model.kernels();
  const Request& request = sequence.request;
  const bool needs_raw = request.with_logprob || request.top_logprobs > 0;
  if (needs_raw) raw_logits.assign(row.begin(), row.end());
  const int32_t id = sequence.sampler.sample(row, options.n_usable);
  if (request.with_logprob) output.logprob = logprob_of(kernels, raw_logits, id);
  if (request.top_logprobs > 0) output.top = top_logprobs(kernels, raw_logits, request.top_logprobs);
  if (std::find(request.end_ids.begin(), request.end_ids.end(), id) != request.end_ids.end()) {
    finish(sequence, FinishReason::kStop, output);
    return;
  }
  output.id = id;
  sequence.ids.push_back(id);
  sequence.sampler.accept(id);
  if (!sequence.has_room(options.context)) finish(sequence, FinishReason::kLength, output);
}

StepOutput Engine::Impl::progress(const Sequence& sequence) const {
  StepOutput output;
  output.sequence = sequence.id;
  output.prompt_tokens = sequence.n_prompt();
  output.cached_tokens = sequence.cached;
  output.prefilled = std::min(sequence.kv->length(), sequence.n_prompt()) - sequence.cached;
  return output;
}

// The caller takes it off the lists of those waiting and running.
void Engine::Impl::finish(Sequence& sequence, FinishReason reason, StepOutput& output) {
  output.finish = reason;
  sequence.state = Sequence::State::kFinished;
  finished.push_back(&sequence);
}

Status Engine::Impl::extend(KvSequence& sequence, uint32_t n) {
  for (;;) {
    Status extended = sequence.extend(n);
    if (extended || !evict_one()) return extended;
  }
}

// Kept conversations go first, then the last scored text, then what finished sequences and those still waiting hold.
bool Engine::Impl::evict_one() {
  if (retained.drop_oldest()) return true;
  if (scored.kv && scored.kv->length() > 0) {
    scored.kv->reset();
    scored.ids.clear();
    return true;
  }
  for (Sequence* sequence : finished) {
    if (sequence->kv->length() == 0) continue;
    sequence->kv->reset();
    return true;
  }
  for (auto it = waiting.rbegin(); it != waiting.rend(); ++it) {
    if ((*it)->kv->length() == 0) continue;
    (*it)->forget_kv();
    return true;
  }
  return false;
}

Status Engine::score(std::span<const int32_t> ids, uint32_t first,
                     const std::function<void(uint32_t i, std::span<const float> logits)>& visit) {
  return impl_->score(ids, first, visit);
}

Status Engine::Impl::score(std::span<const int32_t> ids, uint32_t first,
                           const std::function<void(uint32_t, std::span<const float>)>& visit) {
  SLM_TRY_STATUS(check_ids(ids));
  const auto n = static_cast<uint32_t>(ids.size());
  if (first >= n) return {};
  // Taken out of `scored` while it grows, so that it cannot evict itself.
  RetainedKv text = std::move(scored);
  scored = {};
  if (!text.kv) text.kv = std::make_unique<KvSequence>(*kv);
  for (uint32_t at = text.cut_to_prefix(ids, first); at < n;) {
    const uint32_t take = std::min(n - at, options.max_batch_tokens);
    SLM_TRY_STATUS(extend(*text.kv, take));
    const uint32_t skip = std::min(first > at ? first - at : 0, take);  // rows before `first`
    const BatchItem item{text.kv.get(), at, ids.subspan(at, take), skip};
    forward({&item, 1}, take - skip, [&](uint32_t row, std::span<float> row_logits) {
      visit(at + skip + row, row_logits);
    });
    text.ids.insert(text.ids.end(), item.ids.begin(), item.ids.end());
    at += take;
  }
  scored = std::move(text);
  return {};
}

}  // namespace slm
