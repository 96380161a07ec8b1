// Numbers as people and models write them, found in a text and brought into one form.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace slm::lab {

// Digits of other scripts (full-width, Arabic, Persian, Devanagari, Bengali, Telugu, Thai) as ASCII; U+2212 and the full-width signs as
// "-", ".", "%", "/"; "," between full-width digits too; no-break and thin spaces as " "; LaTeX's \frac{3}{4} as 3/4, 1{,}234 as 1,234,
// \, and \! as nothing. All else as it is; bytes that are not UTF-8 as U+FFFD.
std::string plain_numbers(std::string_view text);

struct NumberInText {
  size_t begin = 0, end = 0;
  // Canonical: no separators, no zeros that say nothing ("-1,234.50" is "-1234.5", "18.00" is "18"), fractions reduced and as decimals
  // where they end ("6/9" is "2/3", "3/4" is "0.75"), followed by U+4E07 or U+4EBF (ten thousand, a hundred million) multiplied. Likeliest first:
  // "70.000" is "70" or "70000", "80 000" is "80000" or "0". Never empty.
  std::vector<std::string> readings;
};

// The numbers of a text that went through plain_numbers(), in order; linear in its length. "-" is a sign only where nothing stands before it
// that could be subtracted from.
std::vector<NumberInText> numbers_in(std::string_view plain_text);

}  // namespace slm::lab
