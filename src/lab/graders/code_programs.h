// The Python programs of a grading (code.h): code_values.py followed by the one named.
#pragma once

#include <string>

namespace slm::lab {

const std::string& code_reference_program();
const std::string& code_worker_program();
const std::string& code_judge_program();

}  // namespace slm::lab
