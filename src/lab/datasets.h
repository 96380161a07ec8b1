// How HellaSwag's text is cleaned, and which items come first. What a set's files hold is a task's to say
// (lab/tasks). Items are known by their number in the maker's file, counted from 0: the same number is the same item, in a subset too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm::lab {

// HellaSwag's text as lm-evaluation-harness has it: "[title]" becomes ". ", other "[...]" go, double spaces become single.
std::string clean_hellaswag(std::string_view text);
// "activity: context" with its last fragment capitalised.
std::string hellaswag_context(std::string_view line);

// A fixed subset by seed: items are ranked by a hash of (seed, id) and the first `limit` kept, so that a smaller limit gives
// a part of a larger one, and any source that holds these items gives the same ones.
inline constexpr uint64_t kSubsetSeed = 1;  // the smoke items are the first by this seed
uint64_t item_rank(uint64_t seed, uint32_t id);

}  // namespace slm::lab
