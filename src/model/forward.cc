#include "model/forward.h"

#include <algorithm>

#include "kernels/rotation.h"

namespace slm {
namespace {

const std::vector<float> kNone;

// Rows of a matrix that kernels take together.
constexpr size_t kRowGrain = 8;

// Rows of the FFN that are activated before their 8 bits are taken: a row by itself would wait for its own exponentials.
constexpr uint32_t kRowsActivated = 8;

bool wants_q8(const TensorView& w) { return !reads_floats(w.type); }

Team::Share whole(size_t n) { return {0, n}; }

// Rows [begin, end) as a matrix of their own.
TensorView rows_of(TensorView w, Team::Share rows) {
  w.data = w.row(rows.begin);
  w.rows = static_cast<uint32_t>(rows.end - rows.begin);
  return w;
}

// Of heads (heads.., dim) those of the share.
void rotate_heads(float* heads, Team::Share share, uint32_t dim, kernels::Rotation which) {
  for (size_t h = share.begin; h < share.end; ++h) kernels::rotate(heads + h * dim, dim, which);
}

Team::Share overlap(Team::Share share, size_t begin, size_t end) {
  const size_t b = std::clamp(share.begin, begin, end) - begin;
  const size_t e = std::clamp(share.end, begin, end) - begin;
  return {b, std::max(b, e)};
}

}  // namespace

void prepare_batch(const ModelParts& parts, std::span<const BatchItem> batch, Model::Workspace& work, int threads) {
  work.positions.clear();
  work.item_of.clear();
  work.rows.clear();
  for (uint32_t item = 0; item < batch.size(); ++item) {
    const auto n = static_cast<uint32_t>(batch[item].ids.size());
    for (uint32_t i = 0; i < n; ++i) {
      if (i >= batch[item].first_logits) work.rows.push_back(static_cast<uint32_t>(work.positions.size()));
      work.positions.push_back(batch[item].first_pos + i);
      work.item_of.push_back(item);
    }
  }
  const bool small = work.positions.size() <= kReplicatedTokens;
  plan_attention(parts.spec, batch, PlanFor::kAllTokens, small, threads, work.plan);
  plan_attention(parts.spec, batch, PlanFor::kLogitRows, small, threads, work.last_plan);
  for (uint32_t i = 0; i < parts.spec.n_layers; ++i) work.next_unit[i].store(0, std::memory_order_relaxed);
}

HeadInputs head_inputs(const ModelParts& parts, const Model::Workspace& workspace) {
  HeadInputs in{workspace.tokens.normed, workspace.tokens.quant};
  in.quant.cols = parts.spec.width;
  return in;
}

ForwardPass::ForwardPass(const ModelParts& parts, std::span<const BatchItem> batch, Model::Workspace& workspace,
                         const Team& team)
    : spec_(parts.spec),
      weights_(parts.weights),
      kernels_(parts.kernels),
      angles_(parts.angles),
      batch_(batch),
      work_(workspace),
      team_(team),
      mine_(workspace.threads[static_cast<size_t>(team.thread())]),
      clock_(workspace.profile ? &workspace.profile->clock.thread(team.thread()) : nullptr),
      n_tokens_(static_cast<uint32_t>(workspace.positions.size())),
      replicated_(n_tokens_ <= kReplicatedTokens),
      buffers_(replicated_ ? mine_.tokens : workspace.tokens),
      n_rows_(n_tokens_),
      rows_(replicated_ ? whole(n_tokens_) : team.share(n_tokens_)),
      q_width_(spec_.n_heads * spec_.head_dim),
      kv_width_(spec_.n_kv_heads * spec_.head_dim) {}

void ForwardPass::run_layers() {
  embed_and_turn();
  for (uint32_t i = 0; i < spec_.n_layers; ++i) {
    const LayerWeights& layer = weights_.layers[i];
    attention_inputs(layer, i);
    queries_keys_values(layer, i);
    if (i + 1 == spec_.n_layers) narrow_to_rows();
    if (n_rows_ == 0) return;
    attend(i);
    attention_output(layer);
    gate_and_up(layer);
    down(layer);
  }
  final_rows();
}

void ForwardPass::rows_done() const {
  if (!replicated_) meet();
}

void ForwardPass::meet() const {
  team_.barrier();
  done(PassPhase::kWaiting);
}

void ForwardPass::done(PassPhase phase, TensorType type) const {
  if (clock_) clock_->lap(phase, type);
}

void ForwardPass::embed_and_turn() {
  const auto dequantize = kernels_.dequantize[static_cast<uint32_t>(weights_.embedding.type)];
  for (size_t t = rows_.begin; t < rows_.end; ++t) {
    const BatchItem& item = batch_[work_.item_of[t]];
    const auto id = static_cast<size_t>(item.ids[work_.positions[t] - item.first_pos]);
    float* x = buffers_.x + t * spec_.width;
    dequantize(weights_.embedding.row(id), spec_.width, x);
    if (spec_.embedding_scale != 1.0f) kernels_.scale(x, spec_.embedding_scale, spec_.width);
  }
  // The angles are shared even in small batches: sines cost more than this one barrier.
  const uint32_t kinds = spec_.window > 0 ? 2 : 1;
  const Team::Share share = team_.share(size_t{n_tokens_} * kinds);
  for (size_t i = share.begin; i < share.end; ++i) {
    const size_t kind = i % kinds, t = i / kinds;
    angles_[kind].fill(work_.positions[t], work_.cos_sin[kind] + t * spec_.rope_dims);
  }
  done(PassPhase::kEmbedding, weights_.embedding.type);
  meet();
}

void ForwardPass::narrow_to_rows() {
  narrowed_ = true;
  n_rows_ = static_cast<uint32_t>(work_.rows.size());
  rows_ = replicated_ ? whole(n_rows_) : team_.share(n_rows_);
}

float* ForwardPass::stream(uint32_t row) const {
  return buffers_.x + size_t{narrowed_ ? work_.rows[row] : row} * spec_.width;
}

void ForwardPass::add_output(uint32_t row, const std::vector<float>& post_norm) {
  float* x = stream(row);
  const float* out = work_.out + size_t{row} * spec_.width;
  if (!post_norm.empty()) {
    kernels_.rms_norm(out, post_norm.data(), spec_.norm_eps, spec_.width, mine_.row);
    out = mine_.row;
  }
  kernels_.add(x, out, spec_.width, x);
}

void ForwardPass::norm(uint32_t row, const std::vector<float>& weight) {
  kernels_.rms_norm(stream(row), weight.data(), spec_.norm_eps, spec_.width, buffers_.normed + size_t{row} * spec_.width);
}

void ForwardPass::quantize(uint32_t row, const float* x, uint32_t cols, bool wanted) {
  if (!wanted) return;
  const kernels::Q8Rows to = behind(buffers_.quant, size_t{row} * cols);
  kernels_.quantize_q8(x, cols, to.q, to.scale, to.sum);
}

MatmulInput ForwardPass::input(const float* x, uint32_t cols) const {
  kernels::Q8Rows quant = buffers_.quant;
  quant.cols = cols;
  return {x, cols, quant, n_rows_};
}

void ForwardPass::multiply(const TensorView& w, const std::vector<float>& bias, MatmulInput& in, Team::Share rows, float* out,
                           size_t out_stride) const {
  multiply_rows(kernels_, w, rows, in, {out, out_stride, bias.empty() ? nullptr : bias.data(), mine_.scratch});
  if (rows.begin < rows.end) in.met = w.type;
}

void ForwardPass::attention_inputs(const LayerWeights& layer, uint32_t index) {
  const bool wanted = wants_q8(layer.q) || wants_q8(layer.k) || wants_q8(layer.v);
  for (auto r = static_cast<uint32_t>(rows_.begin); r < rows_.end; ++r) {
    if (index > 0) add_output(r, weights_.layers[index - 1].post_ffn_norm);
    norm(r, layer.attention_norm);
    quantize(r, buffers_.normed + size_t{r} * spec_.width, spec_.width, wanted);
  }
  done(PassPhase::kNorms);
  rows_done();
}

void ForwardPass::queries_keys_values(const LayerWeights& layer, uint32_t index) {
  MatmulInput in = input(buffers_.normed, spec_.width);
  const size_t n_heads = spec_.n_heads, n_kv = spec_.n_kv_heads, units = n_heads + 2 * n_kv;
  const auto size = static_cast<size_t>(team_.size());
  // By whole heads where that is even enough: then the same thread can go on with norms, RoPE and the KV store.
  const bool by_head = (units + size - 1) / size * size * 4 <= units * 5;
  const Team::Share heads = team_.share(units);
  const auto rows = [&](size_t begin, size_t end) {
    if (!by_head) return team_.share((end - begin) * spec_.head_dim, kRowGrain);
    const Team::Share part = overlap(heads, begin, end);
    return Team::Share{part.begin * spec_.head_dim, part.end * spec_.head_dim};
  };
  multiply(layer.q, layer.q_bias, in, rows(0, n_heads), work_.q, q_width_);
  done(PassPhase::kQueriesKeysValues, layer.q.type);
  multiply(layer.k, layer.k_bias, in, rows(n_heads, n_heads + n_kv), work_.k, kv_width_);
  done(PassPhase::kQueriesKeysValues, layer.k.type);
  multiply(layer.v, layer.v_bias, in, rows(n_heads + n_kv, units), work_.v, kv_width_);
  done(PassPhase::kQueriesKeysValues, layer.v.type);
  if (!by_head) meet();
  finish_heads(layer, index, heads);
  done(PassPhase::kHeads);
  meet();
}

void ForwardPass::finish_heads(const LayerWeights& layer, uint32_t index, Team::Share heads) {
  const uint32_t dim = spec_.head_dim, n_heads = spec_.n_heads, n_kv = spec_.n_kv_heads;
  const Team::Share q = overlap(heads, 0, n_heads);
  const Team::Share k = overlap(heads, n_heads, n_heads + n_kv);
  const Team::Share v = overlap(heads, n_heads + n_kv, n_heads + 2 * n_kv);
  const float* angles = work_.cos_sin[spec_.windowed[index] ? 1 : 0];
  const auto norm_and_turn = [&](float* x, Team::Share share, const std::vector<float>& weight, uint32_t t) {
    if (share.begin == share.end) return;
    for (size_t h = share.begin; h < share.end && spec_.qk_norm; ++h) {
      kernels_.rms_norm(x + h * dim, weight.data(), spec_.norm_eps, dim, x + h * dim);
    }
    kernels_.rope({x + share.begin * dim, static_cast<uint32_t>(share.end - share.begin), dim, spec_.rope_dims,
                   angles + size_t{t} * spec_.rope_dims, spec_.rope_style});
  };
  for (uint32_t t = 0; t < n_tokens_; ++t) {
    KvSequence& kv = *batch_[work_.item_of[t]].kv;
    const uint32_t position = work_.positions[t];
    float* queries = work_.q + size_t{t} * q_width_;
    float* keys = work_.k + size_t{t} * kv_width_;
    float* values = work_.v + size_t{t} * kv_width_;
    norm_and_turn(queries, q, layer.q_norm, t);
    norm_and_turn(keys, k, layer.k_norm, t);
    if (kv.rotated()) {
      rotate_heads(queries, q, dim, kernels::Rotation::kRead);
      rotate_heads(keys, k, dim, kernels::Rotation::kStored);
      rotate_heads(values, v, dim, kernels::Rotation::kStored);
    }
    for (auto h = static_cast<uint32_t>(k.begin); h < k.end; ++h) {
      kernels_.store_kv(keys + size_t{h} * dim, dim, kv.type(), kv.key_row(index, h, position));
    }
    for (auto h = static_cast<uint32_t>(v.begin); h < v.end; ++h) {
      kernels_.store_kv(values + size_t{h} * dim, dim, kv.type(), kv.value_row(index, h, position));
    }
  }
}

void ForwardPass::attend_span(const AttentionTask& task, uint32_t layer, uint32_t span, const Partials& out) {
  const KvSequence& kv = *batch_[task.item].kv;
  const uint32_t begin = span * kAttentionSpan;
  const uint32_t end = std::min(begin + kAttentionSpan, task.first_pos + task.n_tokens);
  const uint32_t first_page = begin / kernels::kPageTokens, last_page = (end - 1) / kernels::kPageTokens;
  kv.key_pages(layer, task.kv_head, first_page, last_page + 1, mine_.key_pages);
  kv.value_pages(layer, task.kv_head, first_page, last_page + 1, mine_.value_pages);
  kernels::AttentionArgs args;
  args.q = work_.q + size_t{task.token} * q_width_ + size_t{task.head} * spec_.head_dim;
  args.q_stride = q_width_;
  args.n_tokens = task.n_tokens;
  args.group = task.n_heads;
  args.head_dim = spec_.head_dim;
  args.first_pos = task.first_pos;
  args.span_begin = begin;
  args.span_end = end;
  args.key_pages = mine_.key_pages;
  args.value_pages = mine_.value_pages;
  args.kv_type = kv.type();
  args.window = spec_.windowed[layer] ? spec_.window : 0;
  args.scale = spec_.attention_scale;
  args.soft_cap = spec_.attention_soft_cap;
  args.m = out.m;
  args.l = out.l;
  args.acc = out.acc;
  args.scratch = mine_.scratch;
  kernels_.attend_span(args);
}

void ForwardPass::join_spans(const AttentionTask& task, uint32_t layer, const Partials& partials) {
  const uint32_t window = spec_.windowed[layer] ? spec_.window : 0;
  const size_t queries = size_t{task.n_tokens} * task.n_heads;  // of one span
  const uint32_t base = spans_seen(task.first_pos, task.first_pos + task.n_tokens - 1, window).begin;
  const bool rotated = batch_[task.item].kv->rotated();
  for (uint32_t i = 0; i < task.n_tokens; ++i) {
    const uint32_t position = task.first_pos + i;
    // Just the spans this query sees, so that its sum does not depend on the task's other queries.
    const SpanRange seen = spans_seen(position, position, window);
    for (uint32_t h = 0; h < task.n_heads; ++h) {
      const Partials at = partials.at((seen.begin - base) * queries + size_t{i} * task.n_heads + h, spec_.head_dim);
      float* out = buffers_.attention + size_t{task.row + i} * q_width_ + size_t{task.head + h} * spec_.head_dim;
      kernels_.attention_merge({at.m, at.l, at.acc, queries, seen.size(), spec_.head_dim, out});
      if (rotated) kernels::rotate(out, spec_.head_dim, kernels::Rotation::kRead);
    }
  }
}

void ForwardPass::attend(uint32_t index) {
  const AttentionPlan& plan = narrowed_ ? work_.last_plan : work_.plan;
  const uint32_t window = spec_.windowed[index] ? spec_.window : 0;
  const std::vector<uint32_t>& first_unit = plan.first_unit[spec_.windowed[index] ? 1 : 0];
  std::atomic<uint32_t>& next = work_.next_unit[index];
  size_t at = 0;  // units are handed out in rising order
  for (uint32_t unit = next++; unit < first_unit.back(); unit = next++) {
    while (unit >= first_unit[at + 1]) ++at;
    const AttentionTask& task = plan.tasks[at];
    const SpanRange spans = spans_seen(task.first_pos, task.first_pos + task.n_tokens - 1, window);
    const size_t queries = size_t{task.n_tokens} * task.n_heads;
    if (plan.by_span) {
      const uint32_t n = unit - first_unit[at];
      attend_span(task, index, spans.begin + n, work_.partials.at(task.partial + n * queries, spec_.head_dim));
      continue;
    }
    for (uint32_t n = 0; n < spans.size(); ++n) {
      attend_span(task, index, spans.begin + n, mine_.partials.at(n * queries, spec_.head_dim));
    }
    join_spans(task, index, mine_.partials);
  }
  const TensorType kv_type = tensor_type(batch_[0].kv->type());
  done(PassPhase::kAttention, kv_type);
  meet();
  if (!plan.by_span) return;
  for (const AttentionTask& task : plan.tasks) {
    join_spans(task, index, work_.partials.at(task.partial, spec_.head_dim));
  }
  done(PassPhase::kAttention, kv_type);
}

void ForwardPass::attention_output(const LayerWeights& layer) {
  for (auto r = static_cast<uint32_t>(rows_.begin); r < rows_.end; ++r) {
    quantize(r, buffers_.attention + size_t{r} * q_width_, q_width_, wants_q8(layer.o));
  }
  done(PassPhase::kNorms);
  rows_done();
  MatmulInput in = input(buffers_.attention, q_width_);
  multiply(layer.o, kNone, in, team_.share(spec_.width, kRowGrain), work_.out, spec_.width);
  done(PassPhase::kAttentionOutput, layer.o.type);
  meet();
}

void ForwardPass::gate_and_up(const LayerWeights& layer) {
  const bool wanted = wants_q8(layer.gate) || wants_q8(layer.up);
  for (auto r = static_cast<uint32_t>(rows_.begin); r < rows_.end; ++r) {
    add_output(r, layer.post_attention_norm);
    norm(r, layer.ffn_norm);
    quantize(r, buffers_.normed + size_t{r} * spec_.width, spec_.width, wanted);
  }
  done(PassPhase::kNorms);
  rows_done();
  const Team::Share columns = team_.share(spec_.ffn, kernels::kQ8Block);
  const size_t most = size_t{work_.max_batch_tokens} * kFfnColumns / n_rows_ / kernels::kQ8Block * kernels::kQ8Block;
  MatmulInput in = input(buffers_.normed, spec_.width);
  for (size_t begin = columns.begin; begin < columns.end; begin += most) {
    gated_columns(layer, in, {begin, std::min(begin + most, columns.end)});
  }
  meet();
}

// Columns [begin, end) of the FFN's inside, of all rows: from the products to what `down` reads. REQUIRES: begin is a multiple of
// kQ8Block.
void ForwardPass::gated_columns(const LayerWeights& layer, MatmulInput& in, Team::Share columns) {
  const size_t n = columns.end - columns.begin;
  const auto activate = spec_.activation == Activation::kSilu ? kernels_.silu_mul : kernels_.gelu_tanh_mul;
  multiply(rows_of(layer.gate, columns), kNone, in, whole(n), mine_.gate, n);
  done(PassPhase::kGateUp, layer.gate.type);
  multiply(rows_of(layer.up, columns), kNone, in, whole(n), mine_.up, n);
  done(PassPhase::kGateUp, layer.up.type);
  const auto in_ffn = [&](uint32_t row) { return size_t{row} * spec_.ffn + columns.begin; };
  if (!wants_q8(layer.down)) {
    for (uint32_t r = 0; r < n_rows_; ++r) activate(mine_.gate + r * n, mine_.up + r * n, n, work_.gated + in_ffn(r));
    return done(PassPhase::kActivation);
  }
  for (uint32_t first = 0; first < n_rows_; first += kRowsActivated) {
    const uint32_t end = std::min(first + kRowsActivated, n_rows_);
    activate(mine_.gate + first * n, mine_.up + first * n, (end - first) * n, mine_.gate + first * n);
    for (uint32_t r = first; r < end; ++r) {
      const kernels::Q8Rows to = behind(work_.gated_quant, in_ffn(r));
      kernels_.quantize_q8(mine_.gate + r * n, n, to.q, to.scale, to.sum);
    }
  }
  done(PassPhase::kActivation);
}

void ForwardPass::down(const LayerWeights& layer) {
  kernels::Q8Rows quant = work_.gated_quant;
  quant.cols = spec_.ffn;
  MatmulInput in = {work_.gated, spec_.ffn, quant, n_rows_};
  multiply(layer.down, kNone, in, team_.share(spec_.width, kRowGrain), work_.out, spec_.width);
  done(PassPhase::kDown, layer.down.type);
  meet();
}

void ForwardPass::final_rows() {
  const bool wanted = wants_q8(weights_.head) || work_.screen;  // the screen's copy reads 8 bits whatever the head reads
  // Into the shared buffers whatever the batch's size: project() may come later and by other shares.
  const Team::Share share = team_.share(n_rows_);
  for (auto r = static_cast<uint32_t>(share.begin); r < share.end; ++r) {
    add_output(r, weights_.layers.back().post_ffn_norm);
    const size_t at = size_t{r} * spec_.width;
    float* normed = work_.tokens.normed + at;
    kernels_.rms_norm(stream(r), weights_.output_norm.data(), spec_.norm_eps, spec_.width, normed);
    if (!wanted) continue;
    const kernels::Q8Rows to = behind(work_.tokens.quant, at);
    kernels_.quantize_q8(normed, spec_.width, to.q, to.scale, to.sum);
  }
  done(PassPhase::kNorms);
  meet();
}

void ForwardPass::project(uint32_t first, uint32_t n, float* logits) {
  const size_t at = size_t{first} * spec_.width;
  kernels::Q8Rows quant = behind(work_.tokens.quant, at);
  quant.cols = spec_.width;
  MatmulInput in{work_.tokens.normed + at, spec_.width, quant, n};
  const Team::Share rows = team_.share(spec_.vocabulary, kRowGrain);
  multiply(weights_.head, kNone, in, rows, logits, spec_.vocabulary);
  for (size_t r = 0; r < n && spec_.logit_soft_cap != 0.0f && rows.begin < rows.end; ++r) {
    kernels_.soft_cap(logits + r * spec_.vocabulary + rows.begin, spec_.logit_soft_cap, rows.end - rows.begin);
  }
  done(PassPhase::kHead, weights_.head.type);
}

void ForwardPass::project_likeliest(HeadScreen& screen, std::span<const Likeliest> wanted, float* logits) {
  const HeadScreen::Pass pass{head_inputs({spec_, weights_, kernels_, angles_}, work_), wanted, logits};
  screen.first_stage(team_, pass, mine_.scratch);
  done(PassPhase::kHead, screen.copy_type());
  meet();
  screen.second_stage(team_, pass, mine_.scratch);
  done(PassPhase::kHead, weights_.head.type);
}

}  // namespace slm
