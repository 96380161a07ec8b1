// Piece -> id: a flat open-addressing table over pieces that lie elsewhere (in the mapped file).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace slm {

// What became of an entry. Crowded: more entries share a place than chance allows; the file was made to collide.
enum class TableInsert { kInserted, kDuplicate, kCrowded };
inline constexpr size_t kMaxTableProbes = 4096;

// A quick hash of short byte strings, not a secret one: kMaxTableProbes bounds what collisions cost.
inline uint64_t hash_bytes(std::string_view bytes) {
  constexpr uint64_t kMix = 0x9E3779B97F4A7C15ull;
  uint64_t hash = bytes.size() * kMix;
  const char* at = bytes.data();
  size_t left = bytes.size();
  const auto mix = [&hash](uint64_t word) {
    hash = (hash ^ word) * 0xD6E8FEB86659FD93ull;
    hash ^= hash >> 32;
  };
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    mix(word);
  }
  if (left > 0) {
    uint64_t word = 0;
    std::memcpy(&word, at, left);
    mix(word);
  }
  return hash * kMix;
}

class PieceTable {
 public:
  // Room for `count` pieces. Below, `hash` is hash_bytes(piece), and `piece_of(id)` gives the piece of an inserted id.
  explicit PieceTable(size_t count = 0) {
    while ((size_t{1} << bits_) < count + count / 2 + 2) ++bits_;
    slots_.resize(size_t{1} << bits_);
  }

  template <class PieceOf>
  TableInsert insert(std::string_view piece, uint64_t hash, int32_t id, PieceOf&& piece_of) {
    size_t slot = hash >> (64 - bits_);
    for (size_t probes = 0; slots_[slot].id_plus_1 != 0; slot = (slot + 1) & mask()) {
      const int32_t there = static_cast<int32_t>(slots_[slot].id_plus_1 - 1);
      if (slots_[slot].tag == static_cast<uint32_t>(hash) && piece_of(there) == piece) return TableInsert::kDuplicate;
      if (++probes == kMaxTableProbes) return TableInsert::kCrowded;
    }
    slots_[slot] = {static_cast<uint32_t>(hash), static_cast<uint32_t>(id) + 1};
    return TableInsert::kInserted;
  }

  // The id of a piece, or -1.
  template <class PieceOf>
  int32_t find(std::string_view piece, uint64_t hash, PieceOf&& piece_of) const {
    for (size_t slot = hash >> (64 - bits_); slots_[slot].id_plus_1 != 0; slot = (slot + 1) & mask()) {
      const int32_t there = static_cast<int32_t>(slots_[slot].id_plus_1 - 1);
      if (slots_[slot].tag == static_cast<uint32_t>(hash) && piece_of(there) == piece) return there;
    }
    return -1;
  }

  // Tables outgrow the caches: many look-ups in a row hide that by asking for the places first, then for the pieces there.
  void prefetch(uint64_t hash) const { __builtin_prefetch(&slots_[hash >> (64 - bits_)]); }
  // The id at the first place of a hash, likely the one sought, or -1.
  int32_t likely(uint64_t hash) const { return static_cast<int32_t>(slots_[hash >> (64 - bits_)].id_plus_1) - 1; }

 private:
  struct Slot {
    uint32_t tag = 0, id_plus_1 = 0;
  };
  size_t mask() const { return slots_.size() - 1; }

  int bits_ = 1;
  std::vector<Slot> slots_;
};

}  // namespace slm
