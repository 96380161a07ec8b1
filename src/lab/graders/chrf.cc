#include "lab/graders/chrf.h"

#include <algorithm>
#include <vector>

#include "chat/unicode.h"

namespace slm::lab {
namespace {

// What Python's str.split() parts words at.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::vector<char32_t> characters_of(std::string_view text) {
  std::vector<char32_t> characters;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = chat::next_code_point(text, at);
    if (!is_space(c)) characters.push_back(c);
  }
  return characters;
}

// Six characters of 21 bits.
using Gram = unsigned __int128;

std::vector<Gram> sorted_grams(const std::vector<char32_t>& characters, size_t n) {
  std::vector<Gram> grams;
  for (size_t i = 0; i + n <= characters.size(); ++i) {
    Gram gram = 0;
    for (size_t k = 0; k < n; ++k) gram = (gram << 21) | characters[i + k];
    grams.push_back(gram);
  }
  std::sort(grams.begin(), grams.end());
  return grams;
}

uint64_t count_common(const std::vector<Gram>& a, const std::vector<Gram>& b) {
  uint64_t common = 0;
  for (size_t i = 0, k = 0; i < a.size() && k < b.size();) {
    if (a[i] == b[k]) {
      ++common;
      ++i;
      ++k;
    } else if (a[i] < b[k]) {
      ++i;
    } else {
      ++k;
    }
  }
  return common;
}

}  // namespace

void ChrfCounts::add(const ChrfCounts& other) {
  for (size_t i = 0; i < orders.size(); ++i) {
    orders[i].answer += other.orders[i].answer;
    orders[i].reference += other.orders[i].reference;
    orders[i].common += other.orders[i].common;
  }
}

ChrfCounts count_chrf(std::string_view answer, std::string_view reference) {
  const std::vector<char32_t> ours = characters_of(answer), theirs = characters_of(reference);
  ChrfCounts counts;
  for (size_t n = 1; n <= counts.orders.size(); ++n) {
    const std::vector<Gram> a = sorted_grams(ours, n), b = sorted_grams(theirs, n);
    // Where the reference has no n-gram of this length, those of the answer do not count against it.
    counts.orders[n - 1] = {b.empty() ? 0 : a.size(), b.size(), count_common(a, b)};
  }
  return counts;
}

double chrf(const ChrfCounts& counts) {
  double precision = 0, recall = 0;
  int orders = 0;
  for (const ChrfCounts::Order& order : counts.orders) {
    if (order.answer == 0 || order.reference == 0) continue;
    precision += static_cast<double>(order.common) / static_cast<double>(order.answer);
    recall += static_cast<double>(order.common) / static_cast<double>(order.reference);
    ++orders;
  }
  if (precision + recall == 0) return 0;
  precision /= orders;
  recall /= orders;
  constexpr double kBetaSquared = 4;
  return 100 * (1 + kBetaSquared) * precision * recall / (kBetaSquared * precision + recall);
}

Result<Grade> grade_chrf(const GradeRequest& request) {
  if (characters_of(request.reference).empty()) return fail(ErrorKind::kCorrupt, "lab.grade.no_reference", request.reference);
  Grade grade;
  grade.value = chrf(count_chrf(request.answer, request.reference));
  grade.extracted = std::string(request.answer);
  if (characters_of(request.answer).empty()) grade.marks.push_back("no_answer");
  return grade;
}

}  // namespace slm::lab
