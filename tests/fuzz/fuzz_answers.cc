// Any answer and any reference, parted by a NUL, through the graders that read texts: a grade or an error, never a crash or a hang.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "lab/graders/chrf.h"
#include "lab/graders/choice.h"
#include "lab/graders/number.h"
#include "lab/graders/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t part = bytes.find('\0');
  const std::string_view answer = bytes.substr(0, part), reference = part == std::string_view::npos ? "" : bytes.substr(part + 1);
  using namespace slm::lab;
  const GradeRequest request{"", answer, reference};
  for (const auto grader : {grade_number, grade_gsm8k_strict, grade_gsm8k_flexible, grade_choice, grade_exact, grade_contains, grade_regex}) {
    if (const auto grade = grader(request)) SLM_CHECK(grade->value == 0 || grade->value == 1);
  }
  if (const auto grade = grade_chrf(request)) SLM_CHECK(grade->value >= 0 && grade->value <= 100.0000001);
  return 0;
}
