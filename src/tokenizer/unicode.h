// What the tokenizers know of characters: UTF-8, and the generated tables (tools/unicode_tables.py): classes of
// Unicode 16, normalisation of Unicode 9 (docs/tokenizers.md says why these).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace slm::unicode {

// Bits of char_class().
inline constexpr uint8_t kLetter = 1;    // \p{L}
inline constexpr uint8_t kNumber = 2;    // \p{N}
inline constexpr uint8_t kSpace = 4;     // \s: the property White_Space
inline constexpr uint8_t kDigit = 16;    // \p{N} of Unicode 17, which splitting digits off goes by; holds kNumber
inline constexpr uint8_t kNfcCheck = 8;  // text holding it may not be in NFC (it combines, decomposes or reorders)

inline constexpr char32_t kEnd = 0x110000;
inline constexpr int kClassBlockBits = 7;
extern const uint16_t kClassIndex[kEnd >> kClassBlockBits];
extern const uint8_t kClassBlocks[];

inline uint8_t char_class(char32_t code) {
  const size_t block = kClassIndex[code >> kClassBlockBits];
  return kClassBlocks[(block << kClassBlockBits) | (code & ((1u << kClassBlockBits) - 1))];
}

// Sorted by code point, or by pair. Hangul syllables are computed, not listed.
struct CombiningClass { char32_t code; uint8_t value; };
struct Decomposition { char32_t code, first, second; };  // second 0: a single character
struct Composition { char32_t first, second, code; };
extern const std::span<const CombiningClass> kCombiningClasses;
extern const std::span<const Decomposition> kDecompositions;
extern const std::span<const Composition> kCompositions;

// One character at the start of a text: its code point and its bytes. Bytes that are not UTF-8 (stray, cut, overlong,
// surrogate, beyond U+10FFFF) come one at a time as kInvalid, length 1.
struct Decoded {
  static constexpr char32_t kInvalid = 0xFFFFFFFF;
  char32_t code;
  uint32_t length;
  bool valid() const { return code != kInvalid; }
};

inline bool is_continuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

// `at` < `end`.
inline Decoded decode(const char* at, const char* end) {
  const auto byte = [at](size_t i) { return static_cast<uint8_t>(at[i]); };
  const uint8_t lead = byte(0);
  const size_t left = static_cast<size_t>(end - at);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) {
    if (lead < 0xC2 || left < 2 || !is_continuation(at[1])) return {Decoded::kInvalid, 1};
    return {static_cast<char32_t>((lead & 0x1F) << 6 | (byte(1) & 0x3F)), 2};
  }
  if (lead < 0xF0) {
    if (left < 3 || !is_continuation(at[1]) || !is_continuation(at[2])) return {Decoded::kInvalid, 1};
    const char32_t code = static_cast<char32_t>((lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F));
    if (code < 0x800 || (code >= 0xD800 && code <= 0xDFFF)) return {Decoded::kInvalid, 1};
    return {code, 3};
  }
  if (lead > 0xF4 || left < 4 || !is_continuation(at[1]) || !is_continuation(at[2]) || !is_continuation(at[3]))
    return {Decoded::kInvalid, 1};
  const char32_t code = static_cast<char32_t>((lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
                                              (byte(3) & 0x3F));
  if (code < 0x10000 || code >= kEnd) return {Decoded::kInvalid, 1};
  return {code, 4};
}

// The class of the character at `at` and its length; bytes that are not UTF-8 have class 0.
struct Classified {
  uint8_t bits;
  uint32_t length;
};
inline Classified classify(const char* at, const char* end) {
  const Decoded decoded = decode(at, end);
  return {decoded.valid() ? char_class(decoded.code) : uint8_t{0}, decoded.length};
}

}  // namespace slm::unicode
