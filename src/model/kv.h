// Paged memory for keys and values. A page holds kPageTokens positions of one page class (full or windowed layers) for all
// layers of that class and all KV heads, keys and values. Windowed layers keep only the pages their window can still
// see; a sequence cut back to where those are gone must prefill again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "kernels/table.h"

namespace slm {

struct KvLayout {
  kernels::KvType type = kernels::KvType::kF16;
  uint32_t n_kv_heads = 0, head_dim = 0;
  uint32_t window = 0;                    // of the windowed class; 0: no such class
  std::vector<uint32_t> layer_class;      // (n_layers): 0 full, 1 windowed
  std::vector<uint32_t> layer_index;      // (n_layers): the layer's place within its class
  uint32_t n_class_layers[2] = {0, 0};

  size_t head_block_bytes() const;        // keys (or values) of one page, one layer, one head
  size_t page_bytes(uint32_t page_class) const;
  // Pages of a class that one sequence of `tokens` positions holds at most; the windowed class keeps what a batch of
  // max_batch_tokens can see and no more.
  uint32_t sequence_pages(uint32_t page_class, uint32_t tokens, uint32_t max_batch_tokens) const;
  // Bytes for one sequence of `tokens` positions, prefilled in batches of at most max_batch_tokens.
  uint64_t bytes_for(uint32_t tokens, uint32_t max_batch_tokens) const;
};

class KvPool;

// One sequence's pages. Move-only; gives its pages back to the pool when it goes.
class KvSequence {
 public:
  explicit KvSequence(KvPool& pool);
  ~KvSequence();
  KvSequence(KvSequence&&) noexcept;
  KvSequence(const KvSequence&) = delete;

  uint32_t length() const { return length_; }
  kernels::KvType type() const;
  // Whether keys and values lie here as kernels::rotate() turns them: what is in 8 bits.
  bool rotated() const { return type() == kernels::KvType::kQ8_0; }
  // Makes pages for positions [length, length + n) and, in the windowed class, lets go of the oldest pages when the sequence's
  // share is used up; those no later query can see. REQUIRES: n <= the pool's max_batch_tokens.
  // Error: kDoesNotFit; then nothing changed.
  Status extend(uint32_t n);
  // Forgets positions >= length. False when a windowed layer no longer holds what the next query at `length` must see:
  // then the sequence is as before and the caller starts over with reset().
  bool truncate(uint32_t length);
  void reset();

  // Per page number, the start of the keys (values) of (layer, head); null where the page is gone. Sets out[page] for page in
  // [begin, end), end <= page_count().
  uint32_t page_count() const;
  void key_pages(uint32_t layer, uint32_t head, uint32_t begin, uint32_t end, const std::byte** out) const;
  void value_pages(uint32_t layer, uint32_t head, uint32_t begin, uint32_t end, const std::byte** out) const;
  // Where the key (value) row of `position` is written. REQUIRES: position < length().
  std::byte* key_row(uint32_t layer, uint32_t head, uint32_t position);
  std::byte* value_row(uint32_t layer, uint32_t head, uint32_t position);

 private:
  void give_back(uint32_t page_class, uint32_t page);
  // The keys (value 0) or values (1) of one page.
  std::byte* block(uint32_t layer, uint32_t head, uint32_t page, uint32_t value) const;

  KvPool* pool_;
  uint32_t length_ = 0;
  uint32_t first_windowed_page_ = 0;  // windowed pages before it are gone
  std::vector<int32_t> pages_[2];     // by page class, then page number; -1: not held
};

// All pages, in address space reserved at once and touched as used. Not thread-safe: the engine's thread alone calls it.
class KvPool {
 public:
  // Room for `sequences` sequences of `tokens` positions each. Errors: kDoesNotFit when the address space cannot be reserved,
  // kUsage when the type needs another head_dim.
  static Result<std::unique_ptr<KvPool>> create(const KvLayout& layout, uint32_t sequences, uint32_t tokens,
                                                uint32_t max_batch_tokens);
  ~KvPool();
  const KvLayout& layout() const { return layout_; }
  uint64_t capacity_bytes() const;
  uint32_t free_pages(uint32_t page_class) const;

 private:
  friend class KvSequence;
  KvPool() = default;
  KvLayout layout_;
  struct Class {
    std::byte* memory = nullptr;
    size_t reserved_bytes = 0;
    std::vector<int32_t> free;
    uint32_t n_pages = 0;
    uint32_t sequence_pages = 0;  // one sequence's share
  };
  Class classes_[2];
};

}  // namespace slm
