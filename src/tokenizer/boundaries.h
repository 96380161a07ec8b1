// Places in a word that no token can span: what stands before and after merges independently, so that a long run of
// Chinese, or a line of SentencePiece text, falls into short pieces that a cache knows.
//
// A place between characters a and b is safe when no piece of the vocabulary holds "ab", nor ends in a cut b after a, nor
// starts with the last bytes of a before b. The set is hashed: it may call a safe place unsafe, never the reverse.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/unicode.h"

namespace slm {

class Boundaries {
 public:
  Boundaries() : pairs_(kPairBits / 64) {}

  // `bytes`: what a piece stands for in the text that words are cut from.
  void add_piece(std::string_view bytes);

  // The end of the first part of `word` that merges by itself (the whole word's size when there is no safe place).
  // Places between two ASCII characters, and beside bytes that are not UTF-8, are never safe.
  size_t first_part(std::string_view word) const {
    const char* const end = word.data() + word.size();
    const char* at = word.data();
    unicode::Decoded left = unicode::decode(at, end);
    for (at += left.length; at < end;) {
      const unicode::Decoded right = unicode::decode(at, end);
      if ((left.code | right.code) >= 0x80 && left.valid() && right.valid() && is_safe(left.code, right.code, at))
        break;
      left = right;
      at += right.length;
    }
    return static_cast<size_t>(at - word.data());
  }

 private:
  static constexpr int kPairBitsLog2 = 21;
  static constexpr size_t kPairBits = size_t{1} << kPairBitsLog2;
  // Beside code points, keys of parts of characters.
  static constexpr uint32_t kLastByte = 0x40000000, kLeadByte = 0x80000000;

  static size_t hash(uint32_t left, uint32_t right) {
    const uint64_t key = static_cast<uint64_t>(left) << 32 | right;
    return ((key ^ key >> 31) * 0x9E3779B97F4A7C15ull) >> (64 - kPairBitsLog2);
  }
  bool has(uint32_t left, uint32_t right) const {
    const size_t bit = hash(left, right);
    return pairs_[bit >> 6] >> (bit & 63) & 1;
  }
  void set(uint32_t left, uint32_t right) {
    const size_t bit = hash(left, right);
    pairs_[bit >> 6] |= uint64_t{1} << (bit & 63);
  }

  // `at`: the place, in the text.
  bool is_safe(char32_t left, char32_t right, const char* at) const {
    if (has(left, right)) return false;
    const uint8_t last = static_cast<uint8_t>(at[-1]), lead = static_cast<uint8_t>(at[0]);
    if (!cut_[last << 8 | lead]) return true;
    return !has(left, kLeadByte | lead) && !has(kLastByte | last, right) && !has(kLastByte | last, kLeadByte | lead);
  }

  std::vector<uint64_t> pairs_;
  std::bitset<65536> cut_;  // (last byte, lead byte) where some piece cuts a character beside the place
};

}  // namespace slm
