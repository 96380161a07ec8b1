#include "model/workspace.h"

#include <algorithm>
#include <sys/mman.h>

#include "model/head_screen.h"

namespace slm {
namespace {

// Hands out aligned pieces of one reservation; over null it only counts.
class Arena {
 public:
  explicit Arena(std::byte* memory) : memory_(memory) {}

  template <class T>
  T* take(size_t n) {
    constexpr size_t kAlign = 64;
    T* piece = memory_ ? reinterpret_cast<T*>(memory_ + used_) : nullptr;
    used_ += (n * sizeof(T) + kAlign - 1) / kAlign * kAlign;
    return piece;
  }
  size_t used() const { return used_; }

 private:
  std::byte* memory_;
  size_t used_ = 0;
};

uint32_t q_width(const ModelSpec& spec) { return spec.n_heads * spec.head_dim; }
uint32_t kv_width(const ModelSpec& spec) { return spec.n_kv_heads * spec.head_dim; }

// Rows of up to `widest` values, packed to the width in use.
kernels::Q8Rows take_quant(Arena& arena, size_t tokens, size_t widest) {
  const size_t blocks = widest / kernels::kQ8Block + 1;
  kernels::Q8Rows quant;
  quant.q = arena.take<int8_t>(tokens * widest);
  quant.scale = arena.take<float>(tokens * blocks);
  quant.sum = arena.take<float>(tokens * blocks);
  quant.cols = 0;
  return quant;
}

TokenBuffers take_token_buffers(Arena& arena, const ModelSpec& spec, size_t tokens) {
  TokenBuffers buffers;
  buffers.x = arena.take<float>(tokens * spec.width);
  buffers.normed = arena.take<float>(tokens * spec.width);
  buffers.quant = take_quant(arena, tokens, std::max(spec.width, q_width(spec)));
  buffers.attention = arena.take<float>(tokens * q_width(spec));
  return buffers;
}

Partials take_partials(Arena& arena, size_t queries, uint32_t head_dim) {
  Partials partials;
  partials.m = arena.take<float>(queries);
  partials.l = arena.take<float>(queries);
  partials.acc = arena.take<float>(queries * head_dim);
  return partials;
}

}  // namespace

static_assert(kernels::kMatmulScratchBytes >= kernels::kAttentionScratchBytes);

void Model::Workspace::lay_out(std::byte* memory, const ModelSpec& spec, int n_threads) {
  Arena arena(memory);
  const size_t batch = max_batch_tokens;
  const size_t spans = (size_t{max_context} + kAttentionSpan - 1) / kAttentionSpan;
  const size_t pages = (size_t{max_context} + kernels::kPageTokens - 1) / kernels::kPageTokens;
  const size_t replicated = std::min<size_t>(batch, kReplicatedTokens);
  const uint32_t group = spec.n_heads / spec.n_kv_heads;

  tokens = take_token_buffers(arena, spec, batch);
  q = arena.take<float>(batch * q_width(spec));
  k = arena.take<float>(batch * kv_width(spec));
  v = arena.take<float>(batch * kv_width(spec));
  out = arena.take<float>(batch * spec.width);
  gated = arena.take<float>(batch * spec.ffn);
  gated_quant = take_quant(arena, batch, spec.ffn);
  for (float*& table : cos_sin) table = arena.take<float>(batch * spec.rope_dims);
  partials = take_partials(arena, replicated * spec.n_heads * spans, spec.head_dim);

  // One token of one task at least, over all spans.
  const size_t one_token = spans * std::min(group, kTaskHeads);
  const size_t queries = std::max(kPartialFloats / (spec.head_dim + 2), one_token);
  threads.resize(static_cast<size_t>(n_threads));
  for (Thread& thread : threads) {
    thread.tokens = take_token_buffers(arena, spec, replicated);
    thread.row = arena.take<float>(spec.width);
    thread.gate = arena.take<float>(batch * kFfnColumns);
    thread.up = arena.take<float>(batch * kFfnColumns);
    thread.partials = take_partials(arena, queries, spec.head_dim);
    thread.key_pages = arena.take<const std::byte*>(pages);
    thread.value_pages = arena.take<const std::byte*>(pages);
    thread.scratch = arena.take<std::byte>(kernels::kMatmulScratchBytes);
  }
  reserved_ = arena.used();
}

Model::Workspace::Workspace(const ModelSpec& spec, uint32_t batch_tokens, uint32_t context, int n_threads)
    : max_batch_tokens(batch_tokens), max_context(context), next_unit(new std::atomic<uint32_t>[spec.n_layers]) {
  lay_out(nullptr, spec, n_threads);
  void* memory = mmap(nullptr, reserved_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  memory_ = static_cast<std::byte*>(memory);
  lay_out(memory_, spec, n_threads);
}

Model::Workspace::~Workspace() {
  if (memory_) munmap(memory_, reserved_);
}

uint64_t Model::Workspace::bytes(const ModelSpec& spec, uint32_t batch_tokens, uint32_t context, int n_threads) {
  return Workspace(spec, batch_tokens, context, n_threads).reserved_;
}

}  // namespace slm
