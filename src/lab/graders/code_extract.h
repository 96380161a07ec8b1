// Which part of an answer is the program.
#pragma once

#include <string>
#include <string_view>

namespace slm::lab {

// The program an answer holds, ready to run; empty when it holds none. `prompt` is the item's own Python text: the head of the function
// `entry_point` (HumanEval), or a comment that asks for it (MBPP). In this order:
//  1. a continuation of the prompt's function (an indented beginning, where the prompt ends inside a function): prompt + answer, cut at the first
//     code fence and at what begins something new: a line that starts with class, def, #, if or print;
//  2. an answer that is code from its first line on (the fence was opened for the model): up to the closing fence;
//  3. the last fenced block that defines entry_point; a fence that the answer's end cut off counts;
//  4. code between prose, without a fence: from its first line to the first line at the margin that is none;
//  5. the last fenced block that is only the body of the function: prompt + block.
// 2 and 4 end, once entry_point is defined, at the first line at the margin that is no definition, import, assignment, loop or comment (a print,
// an assert, [DONE]), or at a main guard.
std::string extract_program(std::string_view answer, std::string_view prompt, std::string_view entry_point);

}  // namespace slm::lab
