#include "lab/report/merged_looks.h"

#include <algorithm>
#include <unordered_set>

namespace slm::lab {
namespace {

// All answers so far.
struct Joined {
  std::unordered_set<uint32_t> items;
  Look now;
  std::vector<Look> looks;

  void add(const LookedAnswers& run, size_t i) {
    if (!items.insert(run.items[i]).second) return;
    now.items = items.size();
    now.only_a += run.a[i] && !run.b[i];
    now.only_b += run.b[i] && !run.a[i];
  }
};

std::vector<size_t> new_items(std::span<const LookedAnswers> runs) {
  std::unordered_set<uint32_t> seen;
  std::vector<size_t> counts;
  for (const LookedAnswers& run : runs) {
    const size_t before = seen.size();
    seen.insert(run.items.begin(), run.items.end());
    counts.push_back(seen.size() - before);
  }
  return counts;
}

}  // namespace

std::vector<Look> join_looks(std::span<const LookedAnswers> runs) {
  if (std::all_of(runs.begin(), runs.end(), [](const LookedAnswers& run) { return run.looks.empty(); })) return {};
  const std::vector<size_t> counts = new_items(runs);
  size_t all = 0;
  for (const size_t count : counts) all += count;
  Joined joined;
  for (size_t r = 0; r < runs.size(); ++r) {
    const auto before = static_cast<double>(joined.items.size());
    auto look = runs[r].looks.begin();
    for (size_t i = 0; i < runs[r].items.size(); ++i) {
      joined.add(runs[r], i);
      for (; look != runs[r].looks.end() && look->items <= i + 1; ++look) {
        if (counts[r] == 0) continue;
        joined.now.share = (before + static_cast<double>(counts[r]) * std::clamp(look->share, 0.0, 1.0)) / static_cast<double>(all);
        joined.looks.push_back(joined.now);
      }
    }
  }
  if (all == counts.front()) return joined.looks;
  joined.now.share = 1;
  if (joined.looks.empty() || joined.looks.back().items < joined.now.items) joined.looks.push_back(joined.now);
  joined.looks.back().share = 1;
  return joined.looks;
}

}  // namespace slm::lab
