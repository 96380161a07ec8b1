// (left id, right id) -> rank and product of a merge: a flat open-addressing table.
#pragma once

#include <cstdint>
#include <vector>

#include "tokenizer/piece_table.h"

namespace slm {

class MergeTable {
 public:
  struct Merge {
    int32_t left = -1, right = -1;
    uint32_t rank = 0;     // earlier merges first
    int32_t product = -1;  // -1: no such merge
  };

  explicit MergeTable(size_t count = 0) {
    while ((size_t{1} << bits_) < count + count / 2 + 2) ++bits_;
    slots_.resize(size_t{1} << bits_);
    maybe_.resize((slots_.size() * kFilterBitsPerSlot + 63) / 64);
  }

  TableInsert insert(const Merge& merge) {
    const uint64_t hash = hash_of(merge.left, merge.right);
    size_t slot = hash >> (64 - bits_);
    for (size_t probes = 0; slots_[slot].product >= 0; slot = (slot + 1) & (slots_.size() - 1)) {
      if (slots_[slot].left == merge.left && slots_[slot].right == merge.right) return TableInsert::kDuplicate;
      if (++probes == kMaxTableProbes) return TableInsert::kCrowded;
    }
    slots_[slot] = merge;
    const size_t bit = filter_bit(hash);
    maybe_[bit >> 6] |= uint64_t{1} << (bit & 63);
    return TableInsert::kInserted;
  }

  void prefetch(int32_t left, int32_t right) const { __builtin_prefetch(&slots_[hash_of(left, right) >> (64 - bits_)], 1); }

  // The merge of a pair; its product is -1 when there is none.
  Merge find(int32_t left, int32_t right) const {
    const uint64_t hash = hash_of(left, right);
    const size_t bit = filter_bit(hash);
    if ((maybe_[bit >> 6] >> (bit & 63) & 1) == 0) return {};
    size_t slot = hash >> (64 - bits_);
    for (; slots_[slot].product >= 0; slot = (slot + 1) & (slots_.size() - 1)) {
      if (slots_[slot].left == left && slots_[slot].right == right) break;
    }
    return slots_[slot];
  }

 private:
  static constexpr size_t kFilterBitsPerSlot = 8;

  static uint64_t hash_of(int32_t left, int32_t right) {
    const uint64_t key = static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
    uint64_t hash = key * 0x9E3779B97F4A7C15ull;
    hash = (hash ^ hash >> 32) * 0xD6E8FEB86659FD93ull;
    return hash;
  }
  size_t filter_bit(uint64_t hash) const { return hash >> (64 - bits_ - 3); }

  int bits_ = 1;
  std::vector<Merge> slots_;
  std::vector<uint64_t> maybe_;  // one bit a hash: most pairs merge into nothing, and this says so from a nearer cache
};

}  // namespace slm
