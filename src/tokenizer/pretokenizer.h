// Pre-tokenizers of byte-level BPE: a text is cut into words, each encoded by itself. Hand-written for the regular
// expressions of the original tokenizers; docs/tokenizers.md has them side by side. Every byte lands in exactly one word;
// time is linear in the text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tokenizer/unicode.h"

namespace slm {

enum class PreTokenizer {
  kGpt2,    // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  kSmolLm,  // each \p{N} alone first; then GPT-2's on what lies between
  kQwen2,   // (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  kLlama3,  // Qwen 2's with \p{N}{1,3}
};

// By the name in tokenizer.ggml.pre.
std::optional<PreTokenizer> find_pre_tokenizer(std::string_view name);

namespace pretokenizing {

using unicode::Classified;
using unicode::classify;
using unicode::kDigit;
using unicode::kLetter;
using unicode::kNumber;
using unicode::kSpace;

inline bool is_newline(char byte) { return byte == '\n' || byte == '\r'; }
inline constexpr uint8_t kNotOther = kLetter | kNumber | kSpace;
inline bool is_other(uint8_t bits) { return (bits & kNotOther) == 0; }

// The end of the run of characters with one of `bits` that goes on at `at`.
template <uint8_t bits>
const char* skip(const char* at, const char* end) {
  while (at < end) {
    const Classified here = classify(at, end);
    if ((here.bits & bits) == 0) break;
    at += here.length;
  }
  return at;
}

// The same for characters with none of `bits`.
template <uint8_t bits>
const char* skip_without(const char* at, const char* end) {
  while (at < end) {
    const Classified here = classify(at, end);
    if ((here.bits & bits) != 0) break;
    at += here.length;
  }
  return at;
}

// The length of an English contraction at an apostrophe, or 0. Without case the long s (U+017F) is an s too.
template <bool any_case>
size_t contraction(const char* at, const char* end) {
  const size_t left = static_cast<size_t>(end - at);
  const auto letter = [at](size_t i) { return any_case && at[i] >= 'A' && at[i] <= 'Z' ? static_cast<char>(at[i] + 32) : at[i]; };
  if (left < 2) return 0;
  const char first = letter(1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if (left < 3) return 0;
  if (any_case && at[1] == '\xC5' && at[2] == '\xBF') return 3;
  const char second = letter(2);
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l')) return 3;
  return 0;
}

// The end of `\s+(?!\S)|\s+` at white space: all of the run at the end of the text (or before what `is_wall` says), else
// all but its last character, which goes with the word that follows.
struct Spaces {
  const char* word_end;
  const char* last_newline;  // the place after the last \r or \n of the run, or null
};
template <class IsWall>
Spaces spaces(const char* at, const char* end, const IsWall& is_wall) {
  const char* last = at;
  const char* last_newline = nullptr;
  const char* run = at;
  while (run < end) {
    const Classified here = classify(run, end);
    if ((here.bits & kSpace) == 0) break;
    if (is_newline(*run)) last_newline = run + 1;
    last = run;
    run += here.length;
  }
  if (run == end || last == at || is_wall(run)) return {run, last_newline};
  return {last, last_newline};
}

template <bool digits_alone, class OnWord>
void gpt2(const char* at, const char* const end, const OnWord& on_word) {
  constexpr uint8_t number = digits_alone ? kDigit : kNumber;
  const auto is_wall = [end](const char* place) { return digits_alone && (classify(place, end).bits & number) != 0; };
  while (at < end) {
    const char* const begin = at;
    Classified here = classify(at, end);
    const char* body = at;
    if (*at == '\'') {
      if (const size_t length = contraction<false>(at, end)) {
        on_word(begin, length);
        at += length;
        continue;
      }
    }
    if (*at == ' ' && at + 1 < end) {
      const Classified next = classify(at + 1, end);
      if ((next.bits & kSpace) == 0 && !(digits_alone && (next.bits & number))) {
        here = next;
        body = at + 1;
      }
    }
    if (here.bits & kLetter) at = skip<kLetter>(body + here.length, end);
    else if (here.bits & number) at = digits_alone ? body + here.length : skip<number>(body + here.length, end);
    else if (here.bits & kSpace) at = spaces(at, end, is_wall).word_end;
    else at = skip_without<kNotOther | number>(body + here.length, end);
    on_word(begin, static_cast<size_t>(at - begin));
  }
}

template <int max_digits, class OnWord>
void qwen2(const char* at, const char* const end, const OnWord& on_word) {
  while (at < end) {
    const char* const begin = at;
    const Classified here = classify(at, end);
    if (*at == '\'') {
      if (const size_t length = contraction<true>(at, end)) {
        on_word(begin, length);
        at += length;
        continue;
      }
    }
    const char* const second = at + here.length;
    if (here.bits & kLetter) {
      at = skip<kLetter>(second, end);
    } else if (here.bits & kNumber) {
      at = second;
      for (int digits = 1; digits < max_digits && at < end; ++digits) {
        const Classified next = classify(at, end);
        if ((next.bits & kNumber) == 0) break;
        at += next.length;
      }
    } else {
      const Classified next = second < end ? classify(second, end) : Classified{kSpace, 0};
      if (!is_newline(*begin) && (next.bits & kLetter)) {
        at = skip<kLetter>(second + next.length, end);
      } else if (is_other(here.bits) || (*begin == ' ' && is_other(next.bits))) {
        at = skip_without<kNotOther>(second, end);
        while (at < end && is_newline(*at)) ++at;
      } else {
        const Spaces run = spaces(at, end, [](const char*) { return false; });
        at = run.last_newline != nullptr ? run.last_newline : run.word_end;
      }
    }
    on_word(begin, static_cast<size_t>(at - begin));
  }
}

}  // namespace pretokenizing

// Calls on_word(begin, length) for each word in order.
template <class OnWord>
void for_each_word(PreTokenizer kind, std::string_view text, const OnWord& on_word) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  switch (kind) {
    case PreTokenizer::kGpt2: return pretokenizing::gpt2<false>(begin, end, on_word);
    case PreTokenizer::kSmolLm: return pretokenizing::gpt2<true>(begin, end, on_word);
    case PreTokenizer::kQwen2: return pretokenizing::qwen2<1>(begin, end, on_word);
    case PreTokenizer::kLlama3: return pretokenizing::qwen2<3>(begin, end, on_word);
  }
}

}  // namespace slm
