#include "chat/operators.h"

#include <algorithm>
#include <cmath>

#include "chat/format.h"
#include "chat/print.h"
#include "chat/unicode.h"

namespace slm::chat {
namespace {

[[noreturn]] void raise_overflow() { raise("chat.template_overflow"); }
[[noreturn]] void raise_zero() { raise("chat.template_zero_division"); }

std::string_view sign_of(Operation operation) {
  switch (operation) {
    case Operation::kAdd: return "+";
    case Operation::kSubtract: return "-";
    case Operation::kMultiply: return "*";
    case Operation::kDivide: return "/";
    case Operation::kFloorDivide: return "//";
    case Operation::kModulo: return "%";
    default: return "**";
  }
}

int64_t floor_divide(int64_t a, int64_t b) {
  if (b == 0) raise_zero();
  if (b == -1) {
    int64_t out = 0;
    if (__builtin_sub_overflow(int64_t{0}, a, &out)) raise_overflow();
    return out;
  }
  return a / b - ((a % b != 0 && (a % b < 0) != (b < 0)) ? 1 : 0);
}

int64_t modulo(int64_t a, int64_t b) {
  if (b == 0) raise_zero();
  if (b == -1) return 0;
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

double floor_modulo(double a, double b) {
  if (b == 0) raise_zero();
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

double floor_divide(double a, double b) {
  if (b == 0) raise_zero();
  const double quotient = (a - floor_modulo(a, b)) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1 : floored;
}

int64_t integer_power(int64_t base, int64_t exponent) {
  int64_t out = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(out, base, &out)) raise_overflow();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) raise_overflow();
  }
  return out;
}

Value integers(Operation operation, int64_t a, int64_t b) {
  int64_t out = 0;
  switch (operation) {
    case Operation::kAdd:
      if (__builtin_add_overflow(a, b, &out)) raise_overflow();
      return Value::integer(out);
    case Operation::kSubtract:
      if (__builtin_sub_overflow(a, b, &out)) raise_overflow();
      return Value::integer(out);
    case Operation::kMultiply:
      if (__builtin_mul_overflow(a, b, &out)) raise_overflow();
      return Value::integer(out);
    case Operation::kDivide:
      if (b == 0) raise_zero();
      return Value::real(static_cast<double>(static_cast<long double>(a) / static_cast<long double>(b)));
    case Operation::kFloorDivide: return Value::integer(floor_divide(a, b));
    case Operation::kModulo: return Value::integer(modulo(a, b));
    default: break;
  }
  if (b >= 0) return Value::integer(integer_power(a, b));
  if (a == 0) raise_zero();
  return Value::real(std::pow(static_cast<double>(a), static_cast<double>(b)));
}

Value reals(Operation operation, double a, double b) {
  switch (operation) {
    case Operation::kAdd: return Value::real(a + b);
    case Operation::kSubtract: return Value::real(a - b);
    case Operation::kMultiply: return Value::real(a * b);
    case Operation::kDivide:
      if (b == 0) raise_zero();
      return Value::real(a / b);
    case Operation::kFloorDivide: return Value::real(floor_divide(a, b));
    case Operation::kModulo: return Value::real(floor_modulo(a, b));
    default: break;
  }
  if (a == 0 && b < 0) raise_zero();
  const double power = std::pow(a, b);
  if (std::isnan(power) && !std::isnan(a) && !std::isnan(b)) raise("chat.template_overflow");  // complex in Python
  if (std::isinf(power) && std::isfinite(a) && std::isfinite(b)) raise_overflow();
  return Value::real(power);
}

Value add_strings(const Value& left, const Value& right, Budget& budget) {
  budget.bytes(left.bytes().size() + right.bytes().size());
  const bool left_markup = left.as_string().is_markup, right_markup = right.as_string().is_markup;
  const bool markup = left_markup || right_markup;
  MarkedText out = markup && !left_markup ? html_escaped(left.text(), budget) : left.text();
  out.append(markup && !right_markup ? html_escaped(right.text(), budget) : right.text());
  return Value::string(std::move(out), markup);
}

Value add_sequences(const Value& left, const Value& right, Budget& budget) {
  std::vector<Value> items = left.as_sequence().items;
  const auto& more = right.as_sequence().items;
  budget.items(items.size() + more.size());
  items.insert(items.end(), more.begin(), more.end());
  return left.is(Kind::kList) ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

Value repeat(const Value& value, int64_t times, Budget& budget) {
  const auto n = static_cast<size_t>(std::max<int64_t>(0, times));
  const size_t unit = value.is_string() ? value.bytes().size() : value.as_sequence().items.size();
  if (unit != 0 && n > limits::kTemplateMaxOutputBytes / unit) {
    raise("chat.template_limit_bytes", limits::kTemplateMaxOutputBytes);
  }
  if (value.is_string()) {
    budget.bytes(n * unit);
    MarkedText out;
    MarkedText doubled = unit == 0 ? MarkedText() : value.text();  // value, then twice, four times ...
    for (size_t rest = unit == 0 ? 0 : n; rest != 0; rest >>= 1) {
      if ((rest & 1) != 0) out.append(doubled);
      if (rest > 1) doubled.append(MarkedText(doubled));
    }
    return Value::string(std::move(out), value.as_string().is_markup);
  }
  budget.items(n * unit);
  std::vector<Value> items;
  for (size_t i = 0; i < n && unit != 0; ++i) {
    const auto& source = value.as_sequence().items;
    items.insert(items.end(), source.begin(), source.end());
  }
  return value.is(Kind::kList) ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

bool can_repeat(const Value& value) { return value.is_string() || value.is_sequence(); }

// Python's slice.indices(): the first position, how many, and the stride over `length` items.
struct Indices {
  int64_t start, count, step;
};

Indices indices(const SliceBounds& bounds, int64_t length) {
  const int64_t step = bounds.step.value_or(1);
  if (step == 0) raise("chat.template_argument", "slice");
  const auto clamp = [&](int64_t at) {
    if (at < 0) at = at < -length ? -1 : at + length;
    if (step > 0) return std::clamp<int64_t>(at, 0, length);
    return std::clamp<int64_t>(at, -1, length - 1);
  };
  const int64_t start = bounds.start ? clamp(*bounds.start) : step > 0 ? 0 : length - 1;
  const int64_t stop = bounds.stop ? clamp(*bounds.stop) : step > 0 ? length : -1;
  int64_t count = 0;
  if (step > 0 && start < stop) count = (stop - start - 1) / step + 1;
  // -(step + 1) + 1 would overflow for the smallest step; unsigned arithmetic does not.
  if (step < 0 && start > stop) {
    const uint64_t stride = uint64_t{0} - static_cast<uint64_t>(step);
    count = static_cast<int64_t>(static_cast<uint64_t>(start - stop - 1) / stride) + 1;
  }
  return {start, count, step};
}

Value slice_string(const Value& value, const SliceBounds& bounds, Budget& budget) {
  const MarkedText& text = value.text();
  budget.bytes(text.size());
  const auto length = static_cast<int64_t>(count_code_points(text.bytes()));
  const Indices at = indices(bounds, length);
  const bool markup = value.as_string().is_markup;
  if (at.count == 0) return Value::string({}, markup);
  if (at.step == 1) {
    const size_t begin = offset_of_code_point(text.bytes(), static_cast<size_t>(at.start));
    const size_t end = offset_of_code_point(text.bytes(), static_cast<size_t>(at.start + at.count));
    return Value::string(text.slice(begin, end), markup);
  }
  budget.bytes(text.size() * 2);
  std::vector<size_t> offsets;
  for (size_t offset = 0; offset < text.size(); next_code_point(text.bytes(), offset)) offsets.push_back(offset);
  offsets.push_back(text.size());
  MarkedText out;
  for (int64_t i = 0; i < at.count; ++i) {
    const auto position = static_cast<size_t>(at.start + i * at.step);
    out.append(text.slice(offsets[position], offsets[position + 1]));
  }
  return Value::string(std::move(out), markup);
}

}  // namespace

Value arithmetic(Operation operation, const Value& left, const Value& right, Budget& budget) {
  if (operation == Operation::kModulo && left.is_string()) return percent_format(left, right, budget);
  if (left.is_undefined()) raise_undefined(left);
  if (right.is_undefined()) raise_undefined(right);
  if (left.is_integral() && right.is_integral()) return integers(operation, left.as_int(), right.as_int());
  if (left.is_number() && right.is_number()) return reals(operation, left.as_double(), right.as_double());
  if (operation == Operation::kAdd) {
    if (left.is_string() && right.is_string()) return add_strings(left, right, budget);
    if (left.is_sequence() && left.kind() == right.kind()) return add_sequences(left, right, budget);
  }
  if (operation == Operation::kMultiply) {
    if (can_repeat(left) && right.is_integral()) return repeat(left, right.as_int(), budget);
    if (left.is_integral() && can_repeat(right)) return repeat(right, left.as_int(), budget);
  }
  raise("chat.template_operands", sign_of(operation), type_name(left), type_name(right));
}

Value negative(const Value& value) {
  if (value.is_undefined()) raise_undefined(value);
  if (value.is(Kind::kFloat)) return Value::real(-value.as_double());
  if (!value.is_integral()) raise("chat.template_operands", "-", "", type_name(value));
  return integers(Operation::kSubtract, 0, value.as_int());
}

Value positive(const Value& value) {
  if (value.is_undefined()) raise_undefined(value);
  if (value.is(Kind::kFloat)) return value;
  if (!value.is_integral()) raise("chat.template_operands", "+", "", type_name(value));
  return Value::integer(value.as_int());
}

Value slice_of(const Value& value, const SliceBounds& bounds, Budget& budget) {
  if (value.is_string()) return slice_string(value, bounds, budget);
  if (value.is(Kind::kRange)) {
    const IntegerRange& range = value.as_range();
    const Indices at = indices(bounds, static_cast<int64_t>(range.size()));
    if (at.count == 0) return Value::range(range.start, range.start, 1);
    const int64_t start = range.at(static_cast<size_t>(at.start));
    int64_t step = 0, span = 0, stop = 0;
    if (__builtin_mul_overflow(range.step, at.step, &step) || __builtin_mul_overflow(step, at.count, &span) ||
        __builtin_add_overflow(start, span, &stop)) {
      raise_overflow();
    }
    return Value::range(start, stop, step);
  }
  const auto& items = value.as_sequence().items;
  const Indices at = indices(bounds, static_cast<int64_t>(items.size()));
  budget.items(static_cast<size_t>(at.count));
  std::vector<Value> out;
  for (int64_t i = 0; i < at.count; ++i) out.push_back(items[static_cast<size_t>(at.start + i * at.step)]);
  return value.is(Kind::kList) ? Value::list(std::move(out)) : Value::tuple(std::move(out));
}

MarkedText html_escaped(const MarkedText& text, Budget& budget) {
  budget.bytes(text.size() * 5);
  MarkedText out;
  size_t copied = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    std::string_view entity;
    switch (text.bytes()[i]) {
      case '&': entity = "&amp;"; break;
      case '<': entity = "&lt;"; break;
      case '>': entity = "&gt;"; break;
      case '\'': entity = "&#39;"; break;
      case '"': entity = "&#34;"; break;
      default: continue;
    }
    out.append(text.slice(copied, i));
    out.append(entity, text.from_input_at(i));
    copied = i + 1;
  }
  out.append(text.slice(copied, text.size()));
  return out;
}

}  // namespace slm::chat
