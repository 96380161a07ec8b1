// A user's own prompts as a task, so that both models are asked, graded, cached and resumed as with any other; and its rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lab/comparison.h"
#include "lab/tasks/own_prompts.h"
#include "lab/tasks/run_task.h"

namespace slm::lab {

struct OwnPromptSet {
  std::string file;                    // where they were read
  std::vector<OwnPrompt> prompts;
  uint32_t max_tokens = 512;           // an answer
};

inline constexpr std::string_view kOwnPromptsTable = "prompts";

// By the chat template for a model that has one, else as a text to continue. One row; each item is graded by the grader its prompt names,
// and not at all where it names none.
Task own_prompts_task(uint32_t max_tokens);
// All prompts, in the order of the file. `task`: own_prompts_task(), which outlives this.
RowData own_prompts_row(const Task& task, const OwnPromptSet& set);
// Tokens of context that hold any of the prompts and its answer, whatever the vocabulary.
uint32_t own_prompts_context(const OwnPromptSet& set);

// "prompts": the rate right, where any prompt says what is; "prompts_ungraded": characters an answer, of the others; "prompts_seconds": seconds
// an answer, of all. Each has whole answers in its records (the last only the seconds). Of records that both have; with none, one row that is
// not measured. REQUIRES: the same items in the same order, as far as the shorter goes.
std::vector<ComparisonRow> own_prompt_rows(const RowData& data, const std::vector<TaskRecord>& a, const std::vector<TaskRecord>& b,
                                           uint64_t seed);

}  // namespace slm::lab
