#include "lab/graders/number_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <optional>

#include "base/text.h"
#include "chat/unicode.h"
#include "lab/graders/ascii_text.h"

namespace slm::lab {
namespace {

size_t digits_from(std::string_view text, size_t at) {
  size_t n = 0;
  while (at + n < text.size() && is_digit(text[at + n])) ++n;
  return n;
}

// ---- Other ways to write the same characters

constexpr std::array<char32_t, 7> kZeros = {0xFF10, 0x0660, 0x06F0, 0x0966, 0x09E6, 0x0C66, 0x0E50};

std::optional<char> ascii_of(char32_t c) {
  for (char32_t zero : kZeros) {
    if (c >= zero && c < zero + 10) return static_cast<char>('0' + (c - zero));
  }
  switch (c) {
    case 0x2212: case 0xFF0D: return '-';
    case 0x066B: case 0xFF0E: return '.';
    case 0x066C: return ',';
    case 0x066A: case 0xFF05: return '%';
    case 0xFF0F: return '/';
    case 0x00A0: case 0x2009: case 0x202F: case 0x3000: return ' ';
    default: return std::nullopt;
  }
}

// "{3}" at `at`: its digits; empty when something else stands there.
std::string_view braced_digits(std::string_view text, size_t at) {
  if (at >= text.size() || text[at] != '{') return {};
  const size_t n = digits_from(text, at + 1);
  return n > 0 && at + 1 + n < text.size() && text[at + 1 + n] == '}' ? text.substr(at + 1, n) : std::string_view();
}

// A LaTeX spelling at `at`: what it stands for goes to `out`, and its length is returned; 0: none.
size_t take_latex(std::string_view text, size_t at, std::string& out) {
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("{,}")) {
    out += ',';
    return 3;
  }
  if (rest.starts_with("\\,") || rest.starts_with("\\!")) return 2;
  for (std::string_view command : {"\\frac", "\\dfrac", "\\tfrac"}) {
    if (!rest.starts_with(command)) continue;
    const std::string_view above = braced_digits(text, at + command.size());
    if (above.empty()) continue;
    const std::string_view below = braced_digits(text, at + command.size() + above.size() + 2);
    if (below.empty()) continue;
    out.append(above).append("/").append(below);
    return command.size() + above.size() + below.size() + 4;
  }
  return 0;
}

constexpr char32_t kFullWidthComma = 0xFF0C;
bool is_full_width_digit(char32_t c) { return c >= 0xFF10 && c <= 0xFF19; }

char32_t code_point_at(std::string_view text, size_t at) { return at < text.size() ? chat::next_code_point(text, at) : U'\0'; }

// ---- One form

std::string without_empty_zeros(std::string text) {
  const bool negative = text.starts_with('-');
  if (negative) text.erase(0, 1);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
  }
  const size_t first = text.find_first_not_of('0');
  text.erase(0, first == std::string::npos ? text.size() : first);
  if (text.empty() || text.front() == '.') text.insert(0, "0");
  return negative && text != "0" ? "-" + text : text;
}

// above / below as a decimal where it ends, else reduced; digits of each below 10^18.
std::string quotient(const std::string& above_digits, const std::string& below_digits) {
  constexpr size_t kMostDigits = 18;
  if (above_digits.size() > kMostDigits || below_digits.size() > kMostDigits) return above_digits + "/" + below_digits;
  uint64_t above = std::stoull(above_digits), below = std::stoull(below_digits);
  if (below == 0) return above_digits + "/0";
  const uint64_t common = std::gcd(above, below);
  above /= common;
  below /= common;
  uint64_t rest = below;
  while (rest % 2 == 0) rest /= 2;
  while (rest % 5 == 0) rest /= 5;
  if (rest != 1) return std::to_string(above) + "/" + std::to_string(below);
  std::string text = std::to_string(above / below) + ".";
  uint64_t left = above % below;
  while (left != 0) {  // ends: below has no prime factors but 2 and 5; left * 10 <= 10^19 < 2^64
    text += static_cast<char>('0' + left * 10 / below);
    left = left * 10 % below;
  }
  return without_empty_zeros(text);
}

std::string times_ten_to(std::string text, size_t power) {
  const size_t point = text.find('.');
  size_t decimals = point == std::string::npos ? 0 : text.size() - point - 1;
  if (point != std::string::npos) text.erase(point, 1);
  if (decimals < power) {
    text.append(power - decimals, '0');
    decimals = power;
  }
  if (decimals > power) text.insert(text.size() - (decimals - power), ".");
  return without_empty_zeros(text);
}

// ---- Digits in groups: "1,234.50"

struct Groups {
  std::vector<std::string> digits;   // never empty
  std::string separators;            // one between two groups each: ',', '.', ' '
  size_t end = 0;
};

Groups groups_at(std::string_view text, size_t at) {
  Groups found;
  size_t n = digits_from(text, at);
  found.digits.emplace_back(text.substr(at, n));
  at += n;
  while (at + 1 < text.size() && is_digit(text[at + 1])) {
    const char separator = text[at];
    n = digits_from(text, at + 1);
    if (separator == ' ') {
      // Only thousands are parted so, and only from the start.
      const bool all_spaces = found.separators.find_first_not_of(' ') == std::string::npos;
      if (n != 3 || !all_spaces || found.digits.front().size() > 3) break;
    } else if (separator != ',' && separator != '.') {
      break;
    }
    found.separators += separator;
    found.digits.emplace_back(text.substr(at + 1, n));
    at += 1 + n;
  }
  found.end = at;
  return found;
}

std::string joined_digits(const std::vector<std::string>& digits, size_t n) {
  std::string all;
  for (size_t i = 0; i < n; ++i) all += digits[i];
  return all;
}

// Groups 1 to n - 1 have three digits each, and the first not more.
bool are_thousands(const std::vector<std::string>& digits, size_t n) {
  if (digits.front().empty() || digits.front().size() > 3) return false;
  return std::all_of(digits.begin() + 1, digits.begin() + static_cast<ptrdiff_t>(n), [](const std::string& group) { return group.size() == 3; });
}

std::vector<std::string> group_readings(const Groups& groups) {
  const std::vector<std::string>& digits = groups.digits;
  const size_t n = digits.size();
  if (n == 1) return {digits[0]};
  const char first = groups.separators.front(), last = groups.separators.back();
  const bool one_kind = groups.separators.find_first_not_of(first) == std::string::npos;
  const std::string thousands = are_thousands(digits, n) ? joined_digits(digits, n) : "";
  const std::string decimal = digits[0] + "." + digits[1];
  if (one_kind && n == 2 && first != ' ') {
    if (thousands.empty() || digits[0] == "0") return {decimal};
    return first == ',' ? std::vector<std::string>{thousands, decimal} : std::vector<std::string>{decimal, thousands};
  }
  if (one_kind) {
    if (thousands.empty()) return {digits.back()};  // a list or an outline number
    return first == ' ' ? std::vector<std::string>{thousands, digits.back()} : std::vector<std::string>{thousands};
  }
  // Thousands by one sign and decimals by the other.
  const bool only_last_differs = groups.separators.find(last) == n - 2 && groups.separators.find_first_not_of(first) == n - 2;
  if (!only_last_differs || last == ' ' || !are_thousands(digits, n - 1)) return {digits.back()};
  std::vector<std::string> readings = {joined_digits(digits, n - 1) + "." + digits[n - 1]};
  if (first == ' ') readings.push_back(digits[n - 2] + "." + digits[n - 1]);
  return readings;
}

bool is_negative(std::string_view text, size_t begin) {
  if (begin > 0 && text[begin - 1] == '$') --begin;
  if (begin == 0 || text[begin - 1] != '-') return false;
  if (begin == 1) return true;
  // After a letter, a number or a bracket it subtracts.
  const char before = text[begin - 2];
  return !(is_alnum(before) || before == ')' || before == '%' || before == '}' || before == '-');
}

size_t power_of_unit(std::string_view rest) {
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest.starts_with("\u4E07") || rest.starts_with("\u842C")) return 4;
  if (rest.starts_with("\u4EBF") || rest.starts_with("\u5104")) return 8;
  return 0;
}

NumberInText number_at(std::string_view text, size_t begin) {
  NumberInText number{begin, begin, {}};
  if (text[begin] == '.') {
    const size_t n = digits_from(text, begin + 1);
    number.readings = {"0." + std::string(text.substr(begin + 1, n))};
    number.end = begin + 1 + n;
  } else {
    const Groups groups = groups_at(text, begin);
    number.readings = group_readings(groups);
    number.end = groups.end;
    const size_t below = groups.digits.size() == 1 && text.substr(groups.end).starts_with('/') ? digits_from(text, groups.end + 1) : 0;
    if (below > 0) {
      number.readings = {quotient(groups.digits[0], std::string(text.substr(groups.end + 1, below)))};
      number.end = groups.end + 1 + below;
    }
  }
  for (std::string& reading : number.readings) {
    if (reading.find('/') == std::string::npos) reading = without_empty_zeros(reading);
  }
  if (const size_t power = power_of_unit(text.substr(number.end)); power > 0 && number.readings[0].find('/') == std::string::npos) {
    number.readings.insert(number.readings.begin(), times_ten_to(number.readings[0], power));
  }
  if (is_negative(text, begin)) {
    for (std::string& reading : number.readings) reading = reading == "0" ? reading : "-" + reading;
  }
  return number;
}

}  // namespace

std::string plain_numbers(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  char32_t before = 0;
  for (size_t at = 0; at < text.size();) {
    if (const size_t latex = take_latex(text, at, out); latex > 0) {
      at += latex;
      before = 0;
      continue;
    }
    const char32_t c = chat::next_code_point(text, at);
    if (const auto plain = ascii_of(c)) {
      out += *plain;
    } else if (c == kFullWidthComma && is_full_width_digit(before) && is_full_width_digit(code_point_at(text, at))) {
      out += ',';
    } else {
      append_utf8(out, c);
    }
    before = c;
  }
  return out;
}

std::vector<NumberInText> numbers_in(std::string_view plain_text) {
  std::vector<NumberInText> numbers;
  for (size_t at = 0; at < plain_text.size();) {
    const bool is_point = plain_text[at] == '.' && at + 1 < plain_text.size() && is_digit(plain_text[at + 1]);
    if (!is_digit(plain_text[at]) && !is_point) {
      ++at;
      continue;
    }
    numbers.push_back(number_at(plain_text, at));
    at = numbers.back().end;
  }
  return numbers;
}

}  // namespace slm::lab
