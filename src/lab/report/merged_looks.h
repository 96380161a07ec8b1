// The looks at the answers of several runs, as one run of all their items would have had them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lab/planning/stopping.h"

namespace slm::lab {

// One run's answers in the order they came; of one item both models'.
struct LookedAnswers {
  std::vector<uint32_t> items;
  std::vector<bool> a, b;        // right
  std::vector<Look> looks;       // after the first Look::items of them; who was right by then is counted anew
};

// One run after the other, an item that came before left out; each run has as large a share of the whole as it has new items. A last look
// is at all of them, with share 1. Where one run has all the items its looks are given as they are. None where no run was looked at.
// REQUIRES: looks in order.
std::vector<Look> join_looks(std::span<const LookedAnswers> runs);

}  // namespace slm::lab
