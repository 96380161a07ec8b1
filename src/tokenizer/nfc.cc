#include "tokenizer/nfc.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "tokenizer/unicode.h"

namespace slm::unicode {
namespace {

// Hangul syllables are arithmetic: Unicode Standard, section 3.12.
constexpr char32_t kSyllables = 0xAC00, kLeading = 0x1100, kVowels = 0x1161, kTrailing = 0x11A7;
constexpr char32_t kLeadingCount = 19, kVowelCount = 21, kTrailingCount = 28;
constexpr char32_t kSyllableCount = kLeadingCount * kVowelCount * kTrailingCount;

struct Mark {
  char32_t code;
  uint8_t combining;
};

uint8_t combining_class(char32_t code) {
  const auto found = std::ranges::lower_bound(kCombiningClasses, code, {}, &CombiningClass::code);
  return found != kCombiningClasses.end() && found->code == code ? found->value : uint8_t{0};
}

void decompose(char32_t code, std::vector<Mark>& out) {
  if (code >= kSyllables && code < kSyllables + kSyllableCount) {
    const char32_t index = code - kSyllables;
    out.push_back({kLeading + index / (kVowelCount * kTrailingCount), 0});
    out.push_back({kVowels + index % (kVowelCount * kTrailingCount) / kTrailingCount, 0});
    if (index % kTrailingCount != 0) out.push_back({kTrailing + index % kTrailingCount, 0});
    return;
  }
  const auto found = std::ranges::lower_bound(kDecompositions, code, {}, &Decomposition::code);
  if (found == kDecompositions.end() || found->code != code) {
    out.push_back({code, combining_class(code)});
    return;
  }
  decompose(found->first, out);  // at most four deep in the data
  if (found->second != 0) decompose(found->second, out);
}

// The character that two compose to, or 0.
char32_t compose(char32_t first, char32_t second) {
  if (first >= kLeading && first < kLeading + kLeadingCount && second >= kVowels && second < kVowels + kVowelCount)
    return kSyllables + ((first - kLeading) * kVowelCount + (second - kVowels)) * kTrailingCount;
  if (first >= kSyllables && first < kSyllables + kSyllableCount && (first - kSyllables) % kTrailingCount == 0 &&
      second > kTrailing && second < kTrailing + kTrailingCount)
    return first + (second - kTrailing);
  const auto less = [](const Composition& entry, std::pair<char32_t, char32_t> pair) {
    return std::pair(entry.first, entry.second) < pair;
  };
  const auto found = std::lower_bound(kCompositions.begin(), kCompositions.end(), std::pair(first, second), less);
  return found != kCompositions.end() && found->first == first && found->second == second ? found->code : 0;
}

// Canonical ordering: runs of non-starters sorted by class, stably.
void reorder(std::vector<Mark>& marks) {
  for (size_t begin = 0; begin < marks.size();) {
    if (marks[begin].combining == 0) {
      ++begin;
      continue;
    }
    size_t end = begin;
    while (end < marks.size() && marks[end].combining != 0) ++end;
    std::stable_sort(marks.begin() + static_cast<ptrdiff_t>(begin), marks.begin() + static_cast<ptrdiff_t>(end),
                     [](const Mark& a, const Mark& b) { return a.combining < b.combining; });
    begin = end;
  }
}

// Canonical composition in place: each character joins the last starter unless a character between blocks it.
void recompose(std::vector<Mark>& marks) {
  size_t kept = 0;
  ptrdiff_t starter = -1;
  int last_combining = -1;  // of the characters kept since the starter; -1: none
  for (const Mark mark : marks) {
    if (starter >= 0 && last_combining < static_cast<int>(mark.combining)) {
      if (const char32_t composed = compose(marks[static_cast<size_t>(starter)].code, mark.code); composed != 0) {
        marks[static_cast<size_t>(starter)].code = composed;
        continue;
      }
    }
    if (mark.combining == 0) {
      starter = static_cast<ptrdiff_t>(kept);
      last_combining = -1;
    } else {
      last_combining = mark.combining;
    }
    marks[kept++] = mark;
  }
  marks.resize(kept);
}

void append_normalized(std::vector<Mark>& marks, std::string& out) {
  reorder(marks);
  recompose(marks);
  for (const Mark& mark : marks) append_utf8(out, mark.code);
  marks.clear();
}

}  // namespace

std::optional<size_t> first_nfc_check(std::string_view text) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  for (const char* at = begin; at < end;) {
    if (static_cast<uint8_t>(*at) < 0x80) {
      ++at;
      continue;
    }
    const Classified here = classify(at, end);
    if (here.bits & kNfcCheck) return static_cast<size_t>(at - begin);
    at += here.length;
  }
  return std::nullopt;
}

std::string to_nfc(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const char* at = text.data();
  const char* const end = at + text.size();
  // A character without kNfcCheck is a starter that never joins what stands before it, so a piece of text from one such
  // character to the next is normalised by itself, and is left alone when it is that character only.
  std::vector<Mark> marks;
  const char* piece = at;
  bool check = false;
  const auto flush = [&](const char* upto) {
    if (!check) {
      out.append(piece, upto);
      return;
    }
    for (const char* p = piece; p < upto;) {
      const Decoded decoded = decode(p, upto);
      decompose(decoded.code, marks);
      p += decoded.length;
    }
    append_normalized(marks, out);
    check = false;
  };
  while (at < end) {
    const Decoded decoded = decode(at, end);
    if (!decoded.valid()) {
      flush(at);
      out.push_back(*at);
      piece = at + 1;
    } else if (char_class(decoded.code) & kNfcCheck) {
      check = true;
    } else {
      flush(at);
      piece = at;
    }
    at += decoded.length;
  }
  flush(end);
  return out;
}

}  // namespace slm::unicode
