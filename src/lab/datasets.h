// Where evaluation sets lie, how HellaSwag's text is cleaned, and which items come first. What a set's files hold is a task's to say
// (lab/tasks). Items are known by their number in the maker's file, counted from 0: the same number is the same item, in a subset too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm::lab {

// Directories to look in, first to last: `data_dir` (the --data-dir flag; empty: not given), $SLM_DATA_DIR, the sets that were pulled (SLM_HOME/data),
// shared/datasets beside the checkout, data/smoke in it. The checkout is sought upwards from the executable, then from the working directory.
// Errors: kNotFound for a --data-dir or $SLM_DATA_DIR that is no directory.
Result<std::vector<std::string>> data_directories(const std::string& data_dir);

// HellaSwag's text as lm-evaluation-harness has it: "[title]" becomes ". ", other "[...]" go, double spaces become single.
std::string clean_hellaswag(std::string_view text);
// "activity: context" with its last fragment capitalised.
std::string hellaswag_context(std::string_view line);

// A fixed subset by seed: items are ranked by a hash of (seed, id) and the first `limit` kept, so that a smaller limit gives
// a part of a larger one, and any source that holds these items gives the same ones.
inline constexpr uint64_t kSubsetSeed = 1;  // the smoke items are the first by this seed
uint64_t item_rank(uint64_t seed, uint32_t id);

}  // namespace slm::lab
