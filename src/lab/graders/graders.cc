#include "lab/graders/chrf.h"
#include "lab/graders/choice.h"
#include "lab/graders/code.h"
#include "lab/graders/grader.h"
#include "lab/graders/ifeval.h"
#include "lab/graders/number.h"
#include "lab/graders/text.h"

namespace slm::lab {

const std::vector<Grader>& graders() {
  static const std::vector<Grader> all = {
      {"number", grade_number},
      {"gsm8k_strict", grade_gsm8k_strict},
      {"gsm8k_flexible", grade_gsm8k_flexible},
      {"choice", grade_choice},
      {"exact", grade_exact},
      {"contains", grade_contains},
      {"regex", grade_regex},
      {"chrf", grade_chrf, false},
      {"ifeval", grade_ifeval},
      {"ifeval_loose", grade_ifeval_loose},
      {"ifeval_instances", grade_ifeval_instances, false, true},
      {"ifeval_instances_loose", grade_ifeval_instances_loose, false, true},
      {"humaneval", grade_humaneval},
      {"mbpp", grade_mbpp},
  };
  return all;
}

const Grader* find_grader(std::string_view name) {
  for (const Grader& grader : graders()) {
    if (grader.name == name) return &grader;
  }
  return nullptr;
}

}  // namespace slm::lab
