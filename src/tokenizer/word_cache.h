// Words seen before and their ids: a fixed two-way table with keys and ids inside, so that a word costs one cache line.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace slm {

// Words of at most 8 * KeyWords - 1 bytes that gave at most MaxIds ids; 2 << SetBits of them.
template <size_t KeyWords, size_t MaxIds, int SetBits>
class WordCache {
 public:
  static constexpr size_t kMaxBytes = 8 * KeyWords - 1;
  static constexpr size_t kMaxIds = MaxIds;
  using Key = std::array<uint64_t, KeyWords>;

  // `readable` bytes may be read from word.data() (at least word.size()): where a whole key is, no byte loop is needed.
  static Key key_of(std::string_view word, size_t readable) {
    Key key{};
    if (readable >= sizeof key) {
      std::memcpy(key.data(), word.data(), sizeof key);
      for (size_t i = 0; i < KeyWords; ++i) {
        const size_t kept = word.size() > 8 * i ? word.size() - 8 * i : 0;
        if (kept < 8) key[i] &= (uint64_t{1} << (8 * kept)) - 1;
      }
    } else {
      std::memcpy(key.data(), word.data(), word.size());
    }
    key[KeyWords - 1] |= static_cast<uint64_t>(word.size()) << 56;  // never 0: an empty entry matches no word
    return key;
  }

  struct Entry {
    Key key{};
    uint32_t count = 0;
    std::array<int32_t, MaxIds> ids{};
  };

  // The entry, or null.
  const Entry* find(const Key& key) const {
    const Entry* set = &entries_[2 * set_of(key)];
    if (set[0].key == key) return set;
    if (set[1].key == key) return set + 1;
    return nullptr;
  }

  // Takes the place of the set's older entry. At most kMaxIds ids.
  void insert(const Key& key, std::span<const int32_t> ids) {
    Entry* set = &entries_[2 * set_of(key)];
    set[1] = set[0];
    set[0].key = key;
    set[0].count = static_cast<uint32_t>(ids.size());
    std::copy(ids.begin(), ids.end(), set[0].ids.begin());
  }

 private:
  static size_t set_of(const Key& key) {
    uint64_t hash = 0;
    for (const uint64_t word : key) {
      hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;
      hash ^= hash >> 29;
    }
    return hash * 0xD6E8FEB86659FD93ull >> (64 - SetBits);
  }

  std::unique_ptr<Entry[]> entries_ = std::make_unique<Entry[]>(size_t{2} << SetBits);
};

}  // namespace slm
