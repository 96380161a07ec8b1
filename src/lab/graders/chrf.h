// chrF, the character n-gram F-score of translations (Popovic 2015), as sacrebleu counts it by default: n-grams of 1 to 6 characters
// without whitespace, no words, recall twice as important as precision, case kept, mean over the orders that both sides have.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "lab/graders/grader.h"

namespace slm::lab {

inline constexpr int kChrfOrder = 6;

// By order, [0] for single characters. Counts of sentences added up give the chrF of the whole.
struct ChrfCounts {
  struct Order {
    uint64_t answer = 0, reference = 0, common = 0;  // n-grams
  };
  std::array<Order, kChrfOrder> orders;

  void add(const ChrfCounts& other);
};
ChrfCounts count_chrf(std::string_view answer, std::string_view reference);
double chrf(const ChrfCounts& counts);  // 0 to 100

// `reference`: the translation. The value is the sentence's chrF, 0 to 100. Mark: "no_answer" (nothing but whitespace).
Result<Grade> grade_chrf(const GradeRequest& request);

}  // namespace slm::lab
