// Where evaluation sets lie and what is in them. Every set is read from either of two layouts: as its maker hands it out
// (shared/datasets/README.md names the files), or as a subset of whole items in JSON lines (data/smoke/SOURCES.md).
// Items are known by their number in the maker's file, counted from 0, in both: the same number is the same item.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm::lab {

// Directories to look in, first to last: `data_dir` (the --data-dir flag; empty: not given), $SLM_DATA_DIR, shared/datasets beside the
// checkout, data/smoke in it. The checkout is sought upwards from the executable, then from the working directory.
// Errors: kNotFound for a --data-dir or $SLM_DATA_DIR that is no directory.
Result<std::vector<std::string>> data_directories(const std::string& data_dir);

// A question with one right ending: the model's likelihood of each ending after the context decides.
struct ChoiceItem {
  uint32_t id = 0;
  std::string context;               // as the model reads it
  std::vector<std::string> endings;
  uint32_t label = 0;                // the right one
  std::string delimiter = " ";       // between context and ending
};

template <class Item>
struct DataSet {
  std::string source;                // the file read
  std::vector<Item> items;
};

// A multiple-choice set: what it is called, its files and how they are read. A new set is one row of choice_tasks().
struct ChoiceTask {
  std::string_view name;             // "hellaswag"
  std::string_view title;            // "HellaSwag"
  Result<DataSet<ChoiceItem>> (*load)(const std::vector<std::string>& directories);
};
const std::vector<ChoiceTask>& choice_tasks();
// Null when there is no such task.
const ChoiceTask* find_choice_task(std::string_view name);

// HellaSwag's text as lm-evaluation-harness has it: "[title]" becomes ". ", other "[...]" go, double spaces become single.
std::string clean_hellaswag(std::string_view text);
// "activity: context" with its last fragment capitalised.
std::string hellaswag_context(std::string_view line);

// The same sentence in several languages.
struct ParallelSentence {
  uint32_t id = 0;
  std::vector<std::string> texts;    // one a language, in the order asked for
};
// FLORES-200 devtest in `languages` ("eng_Latn", "zho_Hans").
Result<DataSet<ParallelSentence>> load_parallel(const std::vector<std::string>& directories,
                                                const std::vector<std::string>& languages);

// A fixed subset by seed: items are ranked by a hash of (seed, id) and the first `limit` kept, so that a smaller limit gives
// a part of a larger one, and any source that holds these items gives the same ones.
inline constexpr uint64_t kSubsetSeed = 1;  // the smoke items are the first by this seed
uint64_t item_rank(uint64_t seed, uint32_t id);

template <class Item>
std::vector<Item> select_items(std::vector<Item> items, size_t limit, uint64_t seed) {
  std::sort(items.begin(), items.end(), [seed](const Item& a, const Item& b) {
    const uint64_t rank_a = item_rank(seed, a.id), rank_b = item_rank(seed, b.id);
    return rank_a != rank_b ? rank_a < rank_b : a.id < b.id;
  });
  if (items.size() > limit) items.erase(items.begin() + static_cast<ptrdiff_t>(limit), items.end());
  return items;
}

}  // namespace slm::lab
