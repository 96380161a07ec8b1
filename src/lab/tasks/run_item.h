// One item put to a model: asked, graded, kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lab/generator.h"
#include "lab/scorer.h"
#include "lab/tasks/answer_cache.h"
#include "lab/tasks/task_data.h"

namespace slm::lab {

// The model under test. Either part may be null: tasks that need it are then not measurable.
struct TaskSubject {
  Generator* generator = nullptr;   // of kGenerate
  ContinuationScorer* scorer = nullptr;  // of kChoices and kBits
  std::string scorer_identity;      // likelihood_identity(); "": nothing is kept
  std::string name;                 // for people
};

// What a further grader made of the same answer.
struct Reading {
  std::string name;
  double grade = 0, weight = 1;     // of the item in a mean
};

struct TaskRecord {
  uint32_t item = 0;
  std::string name, stratum;        // TaskItem's
  std::string prompt;               // what was asked: the user's turn, or the whole text to continue
  std::string answer;               // what was written; of kChoices the ending chosen
  std::string extracted;            // what was read off it; of kChoices the ending's number
  double grade = 0;                 // 1 or 0; a grader's score; of kBits the bits of the text
  bool is_graded = true;            // false: no fault of the answer's: not in the denominator
  // A grader's, and of the run: "truncated" (stopped at the token limit), "too_long" (prompt longer than the context), "empty", "ran_on" (cut where
  // the answer had ended and went on), "wrong_language", "system_folded", "straddles" (an endpoint's token holds the end of the context and the beginning of what is scored: not graded),
  // "failed" (not graded).
  std::vector<std::string> marks;
  std::vector<Reading> also;        // of the task's further graders, in their order
  std::string transcript;           // what the model read and what it gave, as one text; of "failed" the reason
  uint32_t prompt_tokens = 0, tokens = 0;
  double seconds = 0;               // when it was asked, also where the answer was kept from then
  std::vector<double> scores;       // kChoices: logprob of each ending
  bool right_by_sum = false;        // kChoices: the likeliest, not divided by length, is right
  uint64_t bytes = 0;               // kBits: of the text
  bool from_cache = false;

  bool has_mark(std::string_view mark) const;
};

// Answers asked before come from the cache (may be null); new ones are kept in it. `kept`, where given, is the error of a cache that could
// not take the answer: the record is good all the same.
// Errors: kNotFound (the subject lacks the part the kind needs, or has no prompt it can take; the grader's means are not on this machine),
// kCorrupt (task or data, with the place), kFailed (cancelled, a damaged model). A prompt longer than the context is a record with the
// mark "too_long", graded 0 (of kBits not graded); an endpoint that cannot be reached, or a grader whose sandbox broke down, one with
// the mark "failed", not graded.
Result<TaskRecord> run_item(const RowData& data, const TaskItem& item, const TaskSubject& subject, AnswerCache* cache, const Watch& watch,
                            Status* kept = nullptr);

// How the row's items are put to the subject: "chat" (its chat template) or "text" (continued).
std::string_view prompting_of(const Task& task, const TaskSubject& subject);

}  // namespace slm::lab
