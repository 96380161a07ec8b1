#include "model/kv.h"

#include <algorithm>
#include <sys/mman.h>

namespace slm {
namespace {

constexpr uint32_t kPage = kernels::kPageTokens;

uint32_t pages_covering(uint32_t tokens) { return static_cast<uint32_t>((uint64_t{tokens} + kPage - 1) / kPage); }

}  // namespace

size_t KvLayout::head_block_bytes() const { return kPage * kernels::kv_row_bytes(type, head_dim); }

size_t KvLayout::page_bytes(uint32_t page_class) const {
  return size_t{2} * n_class_layers[page_class] * n_kv_heads * head_block_bytes();
}

uint32_t KvLayout::sequence_pages(uint32_t page_class, uint32_t tokens, uint32_t max_batch_tokens) const {
  if (n_class_layers[page_class] == 0) return 0;
  const uint32_t all = pages_covering(tokens);
  if (page_class == 0) return all;
  // A batch of n at position p reads and writes [p - window + 1, p + n): window - 1 + n positions, anywhere on the page grid.
  const uint64_t positions = uint64_t{window} - 1 + max_batch_tokens;
  return static_cast<uint32_t>(std::min<uint64_t>(all, (positions + kPage - 2) / kPage + 1));
}

uint64_t KvLayout::bytes_for(uint32_t tokens, uint32_t max_batch_tokens) const {
  uint64_t bytes = 0;
  for (uint32_t c = 0; c < 2; ++c) bytes += uint64_t{sequence_pages(c, tokens, max_batch_tokens)} * page_bytes(c);
  return bytes;
}

Result<std::unique_ptr<KvPool>> KvPool::create(const KvLayout& layout, uint32_t sequences, uint32_t tokens,
                                               uint32_t max_batch_tokens) {
  if (layout.type == kernels::KvType::kQ8_0 && layout.head_dim % kernels::kQ8Block != 0) {
    return fail(ErrorKind::kUsage, "model.kv_q8_head_dim", layout.head_dim, kernels::kQ8Block);
  }
  std::unique_ptr<KvPool> pool(new KvPool);
  pool->layout_ = layout;
  for (uint32_t c = 0; c < 2; ++c) {
    Class& cls = pool->classes_[c];
    cls.sequence_pages = layout.sequence_pages(c, tokens, max_batch_tokens);
    const uint64_t n_pages = uint64_t{cls.sequence_pages} * sequences;
    if (n_pages == 0) continue;
    const uint64_t bytes = n_pages * layout.page_bytes(c);
    void* memory = n_pages > INT32_MAX ? MAP_FAILED
                                       : mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return fail(ErrorKind::kDoesNotFit, "model.kv_reserve", bytes, sequences, tokens);
    cls.memory = static_cast<std::byte*>(memory);
    cls.reserved_bytes = bytes;
    cls.n_pages = static_cast<uint32_t>(n_pages);
    cls.free.resize(n_pages);
    // Handed out from the back: the lowest pages first, so that memory once touched is used again.
    for (uint32_t i = 0; i < cls.n_pages; ++i) cls.free[i] = static_cast<int32_t>(cls.n_pages - 1 - i);
  }
  return pool;
}

KvPool::~KvPool() {
  for (Class& cls : classes_) {
    if (cls.memory) munmap(cls.memory, cls.reserved_bytes);
  }
}

uint64_t KvPool::capacity_bytes() const { return classes_[0].reserved_bytes + classes_[1].reserved_bytes; }

uint32_t KvPool::free_pages(uint32_t page_class) const { return static_cast<uint32_t>(classes_[page_class].free.size()); }

KvSequence::KvSequence(KvPool& pool) : pool_(&pool) {}

KvSequence::~KvSequence() {
  if (pool_) reset();
}

KvSequence::KvSequence(KvSequence&& other) noexcept
    : pool_(other.pool_), length_(other.length_), first_windowed_page_(other.first_windowed_page_) {
  for (uint32_t c = 0; c < 2; ++c) pages_[c] = std::move(other.pages_[c]);
  other.pool_ = nullptr;
}

kernels::KvType KvSequence::type() const { return pool_->layout_.type; }

uint32_t KvSequence::page_count() const { return pages_covering(length_); }

Status KvSequence::extend(uint32_t n) {
  const uint32_t count = pages_covering(length_ + n);
  uint32_t more[2] = {0, 0};
  uint32_t let_go = 0;  // windowed pages that go back first
  for (uint32_t c = 0; c < 2; ++c) {
    if (pool_->layout_.n_class_layers[c] == 0) continue;
    const auto held = static_cast<uint32_t>(pages_[c].size());
    more[c] = count > held ? count - held : 0;
    if (c == 1) {
      const uint32_t quota = pool_->classes_[1].sequence_pages;
      const uint32_t wanted = count - first_windowed_page_;
      let_go = wanted > quota ? wanted - quota : 0;
      const uint32_t window = pool_->layout_.window;
      const uint32_t oldest_seen = length_ >= window ? length_ - window + 1 : 0;
      SLM_CHECK(first_windowed_page_ + let_go <= oldest_seen / kPage);  // n <= max_batch_tokens keeps this
    }
    if (more[c] > pool_->free_pages(c) + (c == 1 ? let_go : 0)) {
      return fail(ErrorKind::kDoesNotFit, "model.kv_full", length_ + n, pool_->free_pages(c));
    }
  }
  for (uint32_t i = 0; i < let_go; ++i) give_back(1, first_windowed_page_++);
  for (uint32_t c = 0; c < 2; ++c) {
    std::vector<int32_t>& free = pool_->classes_[c].free;
    for (uint32_t i = 0; i < more[c]; ++i) {
      pages_[c].push_back(free.back());
      free.pop_back();
    }
  }
  length_ += n;
  return {};
}

void KvSequence::give_back(uint32_t page_class, uint32_t page) {
  int32_t& entry = pages_[page_class][page];
  if (entry < 0) return;
  pool_->classes_[page_class].free.push_back(entry);
  entry = -1;
}

bool KvSequence::truncate(uint32_t length) {
  SLM_CHECK(length <= length_);
  if (pool_->layout_.n_class_layers[1] > 0) {
    const uint32_t window = pool_->layout_.window;
    const uint32_t oldest_seen = length >= window ? length - window + 1 : 0;
    if (first_windowed_page_ > oldest_seen / kPage) return false;
  }
  const uint32_t keep = pages_covering(length);
  for (uint32_t c = 0; c < 2; ++c) {
    while (pages_[c].size() > keep) {
      give_back(c, static_cast<uint32_t>(pages_[c].size()) - 1);
      pages_[c].pop_back();
    }
  }
  length_ = length;
  return true;
}

void KvSequence::reset() {
  for (uint32_t c = 0; c < 2; ++c) {
    while (!pages_[c].empty()) {
      give_back(c, static_cast<uint32_t>(pages_[c].size()) - 1);
      pages_[c].pop_back();
    }
  }
  first_windowed_page_ = 0;
  length_ = 0;
}

std::byte* KvSequence::block(uint32_t layer, uint32_t head, uint32_t page, uint32_t value) const {
  const KvLayout& layout = pool_->layout_;
  const uint32_t c = layout.layer_class[layer];
  const int32_t entry = pages_[c][page];
  if (entry < 0) return nullptr;
  const size_t index = (size_t{layout.layer_index[layer]} * 2 + value) * layout.n_kv_heads + head;
  return pool_->classes_[c].memory + static_cast<size_t>(entry) * layout.page_bytes(c) + index * layout.head_block_bytes();
}

void KvSequence::key_pages(uint32_t layer, uint32_t head, uint32_t begin, uint32_t end, const std::byte** out) const {
  for (uint32_t page = begin; page < end; ++page) out[page] = block(layer, head, page, 0);
}

void KvSequence::value_pages(uint32_t layer, uint32_t head, uint32_t begin, uint32_t end, const std::byte** out) const {
  for (uint32_t page = begin; page < end; ++page) out[page] = block(layer, head, page, 1);
}

std::byte* KvSequence::key_row(uint32_t layer, uint32_t head, uint32_t position) {
  const KvLayout& layout = pool_->layout_;
  return block(layer, head, position / kPage, 0) + (position % kPage) * kernels::kv_row_bytes(layout.type, layout.head_dim);
}

std::byte* KvSequence::value_row(uint32_t layer, uint32_t head, uint32_t position) {
  const KvLayout& layout = pool_->layout_;
  return block(layer, head, position / kPage, 1) + (position % kPage) * kernels::kv_row_bytes(layout.type, layout.head_dim);
}

}  // namespace slm
