// A user's own prompts, as `--prompts FILE` reads them: one prompt a line, or JSON lines that also say what a right answer is.
//
//   {"prompt": "What is 12 times 12?", "expected": 144}
//   {"prompt": "Capital of Australia?", "expected": ["Canberra", "堪培拉"]}        any of them
//   {"prompt": "A date, as YYYY-MM-DD.", "regex": "^\\d{4}-\\d{2}-\\d{2}$"}        RE2's syntax
//   {"prompt": "Which is a fruit?", "choices": ["iron", "apple"], "expected": "apple"}
//
// A number (also as a text) is right when the answer ends in it, a text when the answer holds it. Choices are put below the prompt as A., B., ... and a letter is asked
// for, in Chinese where the prompt has Chinese characters; "expected" is then one of them, or its letter. Without any of these an answer
// is shown and not graded. Other keys are passed over, but not one that is nearly one of these.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm::lab {

struct OwnPrompt {
  uint32_t id = 0;        // 0, 1, ... in the order of the file
  size_t line = 0;        // where it stands, from 1
  std::string prompt;     // as the model is asked, options among it
  std::string grader;     // "number", "contains", "regex", "choice" (lab/graders/grader.h); "": not graded
  std::string reference;  // for that grader
};

// `encoding`: of the file, "" for UTF-8. A name that ends in .jsonl, or a first line that is a JSON object, means JSON lines. Empty lines are
// passed over. Errors: kNotFound, kFailed, kDoesNotFit (too large, too many prompts), kCorrupt (not UTF-8, with --encoding gb18030 as a hint where
// it is that; a bad line, named).
Result<std::vector<OwnPrompt>> read_own_prompts(const std::string& path, const std::string& encoding);

// The same of a text. `path`: for errors and the kind.
Result<std::vector<OwnPrompt>> parse_own_prompts(std::string_view text, const std::string& path);

}  // namespace slm::lab
