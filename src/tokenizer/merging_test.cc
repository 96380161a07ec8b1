#include "tokenizer/merging.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "tokenizer/boundaries.h"
#include "tokenizer/word_cache.h"

namespace slm {
namespace {

// Merges over ids: the first n are characters, each merge makes the next id; several pairs may give one product.
struct RandomRules {
  std::map<std::pair<int32_t, int32_t>, Candidate> merges;
  Candidate operator()(const Symbol& left, const Symbol& right) const {
    const auto found = merges.find({left.id, right.id});
    return found == merges.end() ? Candidate{} : found->second;
  }
};

RandomRules random_rules(std::mt19937& random) {
  RandomRules rules;
  std::map<std::string, int32_t> ids;
  std::vector<std::string> pieces;
  for (const char c : {'a', 'b', 'c'}) {
    ids[std::string(1, c)] = static_cast<int32_t>(pieces.size());
    pieces.emplace_back(1, c);
  }
  for (uint32_t rank = 0; rank < 40; ++rank) {
    const auto left = static_cast<int32_t>(random() % pieces.size()), right = static_cast<int32_t>(random() % pieces.size());
    const std::string product = pieces[static_cast<size_t>(left)] + pieces[static_cast<size_t>(right)];
    if (product.size() > 6) continue;
    if (ids.emplace(product, static_cast<int32_t>(pieces.size())).second) pieces.push_back(product);
    // Equal priorities too, as scores may be equal: the leftmost goes first.
    rules.merges.emplace(std::pair(left, right), Candidate{rank / 2, ids[product]});
  }
  return rules;
}

std::vector<Symbol> random_word(std::mt19937& random, size_t length) {
  std::vector<Symbol> symbols;
  for (size_t i = 0; i < length; ++i) symbols.push_back({static_cast<int32_t>(random() % 3), static_cast<uint32_t>(i), 1});
  return symbols;
}

// The definition: all pairs looked at again after each merge.
std::vector<Symbol> merge_plainly(std::vector<Symbol> symbols, const RandomRules& rules) {
  for (;;) {
    size_t best = symbols.size();
    Candidate best_candidate;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const Candidate candidate = rules(symbols[i], symbols[i + 1]);
      if (candidate.priority < best_candidate.priority) {
        best = i;
        best_candidate = candidate;
      }
    }
    if (best == symbols.size()) return symbols;
    symbols[best].id = best_candidate.product;
    symbols[best].length += symbols[best + 1].length;
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
}

std::vector<int32_t> ids_of(const std::vector<Symbol>& symbols) {
  std::vector<int32_t> ids;
  for (const Symbol& symbol : symbols) ids.push_back(symbol.id);
  return ids;
}

TEST(Merging, ScanningAndHeapGiveWhatTheDefinitionGives) {
  std::mt19937 random(1);
  MergeBuffers buffers;
  for (int round = 0; round < 300; ++round) {
    const RandomRules rules = random_rules(random);
    const std::vector<Symbol> word = random_word(random, random() % (kMaxScannedSymbols + 1));
    const auto expected = ids_of(merge_plainly(word, rules));
    std::vector<Symbol> scanned = word, heaped = word;
    merge_by_scanning(scanned, rules);
    merge_by_heap(heaped, rules, buffers);
    EXPECT_EQ(ids_of(scanned), expected);
    EXPECT_EQ(ids_of(heaped), expected);
  }
}

TEST(Merging, LongWords) {
  std::mt19937 random(2);
  MergeBuffers buffers;
  for (int round = 0; round < 20; ++round) {
    const RandomRules rules = random_rules(random);
    const std::vector<Symbol> word = random_word(random, 300);
    std::vector<Symbol> merged = word;
    merge_symbols(merged, rules, buffers);
    EXPECT_EQ(ids_of(merged), ids_of(merge_plainly(word, rules)));
  }
}

TEST(Boundaries, NoPieceCrossesASafePlace) {
  Boundaries boundaries;
  for (const std::string_view piece : {"\xE4\xBD\xA0\xE5\xA5\xBD" /* two characters */, "\xA0\xE5" /* cut on both sides */,
                                       "x\xE4\xB8", "\xE6\x88\x91\xE4"})
    boundaries.add_piece(piece);
  EXPECT_EQ(boundaries.first_part("\u4f60\u597d\u6211"), 6u);         // held by the first piece, then free
  EXPECT_EQ(boundaries.first_part("\u8f60\u597d"), 6u);              // ...A0 | E5...: the second piece may cross
  EXPECT_EQ(boundaries.first_part("x\u4e2d\u4e2d"), 4u);             // x | E4 B8: the third
  EXPECT_EQ(boundaries.first_part("\u6211\u4e2d"), 6u);              // the fourth
  EXPECT_EQ(boundaries.first_part("\u6211\u6211"), 3u);
  EXPECT_EQ(boundaries.first_part("ab\u6211"), 2u);                  // two ASCII characters stay together
  EXPECT_EQ(boundaries.first_part(std::string_view("\u6211\xFF\u6211", 7)), 7u);  // beside bad bytes nothing is known
}

TEST(WordCache, KeepsWordsOfItsLengthApart) {
  WordCache<2, 3, 4> cache;
  const std::string text = "abcdefghijklmnopqrstuvwxyz";
  const auto key = [&](size_t begin, size_t length, bool readable_to_end) {
    return cache.key_of(std::string_view(text).substr(begin, length), readable_to_end ? text.size() - begin : length);
  };
  for (size_t length = 1; length <= cache.kMaxBytes; ++length) {
    EXPECT_EQ(key(0, length, true), key(0, length, false)) << length;
    if (length > 1) {
      EXPECT_NE(key(0, length, true), key(0, length - 1, true));
    }
  }
  EXPECT_NE(cache.key_of(std::string_view("a\0", 2), 2), cache.key_of("a", 1));
  EXPECT_EQ(cache.find(key(0, 3, true)), nullptr);
  const int32_t ids[] = {7, 8};
  cache.insert(key(0, 3, true), ids);
  const auto* entry = cache.find(key(0, 3, false));
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->count, 2u);
  EXPECT_EQ(entry->ids[1], 8);
}

}  // namespace
}  // namespace slm
