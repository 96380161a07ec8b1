// Byte-pair encoding of one word: the pair with the lowest priority merges first, the leftmost of equals, until none is
// left. Quadratic scanning for short words, a heap (n log n) for long ones; both give the same symbols.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace slm {

// A run of bytes of the word and the id it has become.
struct Symbol {
  int32_t id;
  uint32_t begin, length;
};

// What merging two neighbours would give.
struct Candidate {
  static constexpr uint32_t kNever = UINT32_MAX;
  uint32_t priority = kNever;  // lower first; kNever: they do not merge
  int32_t product = -1;
};

// Buffers kept between words.
struct MergeBuffers {
  struct Node {
    Symbol symbol;
    int32_t previous, next;  // -1: none; a node that was merged away has symbol.length 0
  };
  struct Entry {
    uint32_t priority, left;     // `left` orders equals: nodes keep their places
    uint32_t length;             // of both together: tells an entry that is out of date
    int32_t product;
  };
  std::vector<Node> nodes;
  std::vector<Entry> heap;
};

inline constexpr size_t kMaxScannedSymbols = 48;

// `rules(left, right)` -> Candidate. `symbols` becomes the result.
template <class Rules>
void merge_by_scanning(std::vector<Symbol>& symbols, const Rules& rules) {
  Candidate candidates[kMaxScannedSymbols];
  size_t n = symbols.size();
  for (size_t i = 0; i + 1 < n; ++i) candidates[i] = rules(symbols[i], symbols[i + 1]);
  while (n > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; ++i) {
      if (candidates[i].priority < candidates[best].priority) best = i;
    }
    if (candidates[best].priority == Candidate::kNever) break;
    symbols[best].id = candidates[best].product;
    symbols[best].length += symbols[best + 1].length;
    std::copy(symbols.begin() + static_cast<ptrdiff_t>(best) + 2, symbols.begin() + static_cast<ptrdiff_t>(n),
              symbols.begin() + static_cast<ptrdiff_t>(best) + 1);
    --n;
    for (size_t i = best + 1; i + 1 < n; ++i) candidates[i] = candidates[i + 1];
    if (best + 1 < n) candidates[best] = rules(symbols[best], symbols[best + 1]);
    if (best > 0) candidates[best - 1] = rules(symbols[best - 1], symbols[best]);
  }
  symbols.resize(n);
}

template <class Rules>
void merge_by_heap(std::vector<Symbol>& symbols, const Rules& rules, MergeBuffers& buffers) {
  auto& nodes = buffers.nodes;
  auto& heap = buffers.heap;
  const auto later = [](const MergeBuffers::Entry& a, const MergeBuffers::Entry& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.left > b.left;
  };
  const auto entry_of = [&](int32_t left) {
    const auto& node = nodes[static_cast<size_t>(left)];
    const Symbol& right = nodes[static_cast<size_t>(node.next)].symbol;
    const Candidate candidate = rules(node.symbol, right);
    return MergeBuffers::Entry{candidate.priority, static_cast<uint32_t>(left), node.symbol.length + right.length,
                               candidate.product};
  };

  nodes.clear();
  heap.clear();
  const int32_t n = static_cast<int32_t>(symbols.size());
  for (int32_t i = 0; i < n; ++i) nodes.push_back({symbols[static_cast<size_t>(i)], i - 1, i + 1 < n ? i + 1 : -1});
  for (int32_t i = 0; i + 1 < n; ++i) {
    if (const auto entry = entry_of(i); entry.priority != Candidate::kNever) heap.push_back(entry);
  }
  std::make_heap(heap.begin(), heap.end(), later);
  const auto push = [&](int32_t left) {
    const auto entry = entry_of(left);
    if (entry.priority == Candidate::kNever) return;
    heap.push_back(entry);
    std::push_heap(heap.begin(), heap.end(), later);
  };

  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const MergeBuffers::Entry entry = heap.back();
    heap.pop_back();
    auto& node = nodes[entry.left];
    // Symbols only grow, so the same length of both together means the same two symbols.
    if (node.symbol.length == 0 || node.next < 0) continue;
    auto& right = nodes[static_cast<size_t>(node.next)];
    if (node.symbol.length + right.symbol.length != entry.length) continue;
    node.symbol.id = entry.product;
    node.symbol.length = entry.length;
    right.symbol.length = 0;
    node.next = right.next;
    if (node.next >= 0) nodes[static_cast<size_t>(node.next)].previous = static_cast<int32_t>(entry.left);
    if (node.next >= 0) push(static_cast<int32_t>(entry.left));
    if (node.previous >= 0) push(node.previous);
  }
  symbols.clear();
  for (int32_t i = n > 0 ? 0 : -1; i >= 0; i = nodes[static_cast<size_t>(i)].next)
    symbols.push_back(nodes[static_cast<size_t>(i)].symbol);
}

template <class Rules>
void merge_symbols(std::vector<Symbol>& symbols, const Rules& rules, MergeBuffers& buffers) {
  if (symbols.size() <= kMaxScannedSymbols) merge_by_scanning(symbols, rules);
  else merge_by_heap(symbols, rules, buffers);
}

}  // namespace slm
