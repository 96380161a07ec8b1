#include "chat/predicates.h"

#include <algorithm>
#include <iterator>

#include "chat/compare.h"
#include "chat/filters.h"
#include "chat/interpreter.h"
#include "chat/operators.h"
#include "chat/unicode.h"

namespace slm::chat {
namespace {

void no_arguments(const Arguments& given) { Bound(given, "test", {}); }

const Value& only_argument(const Arguments& given) {
  if (given.positional.size() != 1 || !given.named.empty()) raise("chat.template_argument", "test");
  return given.positional[0];
}

template <bool (*kIs)(const Value&)>
bool plain(Interpreter&, const Value& subject, const Arguments& given) {
  no_arguments(given);
  return kIs(subject);
}

bool is_defined(const Value& v) { return !v.is_undefined(); }
bool is_undefined(const Value& v) { return v.is_undefined(); }
bool is_none(const Value& v) { return v.is_none(); }
bool is_boolean(const Value& v) { return v.is(Kind::kBool); }
bool is_true(const Value& v) { return v.is(Kind::kBool) && v.as_bool(); }
bool is_false(const Value& v) { return v.is(Kind::kBool) && !v.as_bool(); }
bool is_integer(const Value& v) { return v.is(Kind::kInt); }
bool is_float(const Value& v) { return v.is(Kind::kFloat); }
bool is_number(const Value& v) { return v.is_number(); }
bool is_string(const Value& v) { return v.is_string(); }
bool is_mapping(const Value& v) { return v.is(Kind::kDict); }
bool is_escaped(const Value& v) { return v.is_string() && v.as_string().is_markup; }
bool is_callable(const Value& v) {
  return v.is(Kind::kMacro) || v.is(Kind::kFunction) || v.is(Kind::kMethod) || v.is(Kind::kLoop) || v.is_undefined();
}
// What has a length and items by index, in Python's sense: a dict too, and undefined.
bool is_sequence(const Value& v) {
  return v.is_string() || v.is_sequence() || v.is(Kind::kDict) || v.is(Kind::kRange) || v.is_undefined();
}

template <Operation kOperation>
bool compares(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Value& other = only_argument(given);
  Budget& budget = interpreter.budget();
  switch (kOperation) {
    case Operation::kEqual: return equal(subject, other, budget);
    case Operation::kNotEqual: return !equal(subject, other, budget);
    case Operation::kLess: return less(subject, other, budget);
    case Operation::kLessEqual: return less(subject, other, budget) || equal(subject, other, budget);
    case Operation::kGreater: return less(other, subject, budget);
    case Operation::kGreaterEqual: return less(other, subject, budget) || equal(subject, other, budget);
    default: return contains(other, subject, budget);
  }
}

bool remainder_is(Interpreter& interpreter, const Value& subject, const Value& divisor, int64_t wanted) {
  if (subject.is_string()) raise("chat.template_operands", "%", type_name(subject), type_name(divisor));
  const Value rest = arithmetic(Operation::kModulo, subject, divisor, interpreter.budget());
  return equal(rest, Value::integer(wanted), interpreter.budget());
}

template <int64_t kWanted>
bool parity(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  no_arguments(given);
  return remainder_is(interpreter, subject, Value::integer(2), kWanted);
}

bool is_divisible(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "divisibleby", {"num"}, 1);
  return remainder_is(interpreter, subject, *bound[0], 0);
}

bool is_same(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "sameas", {"other"}, 1);
  const Value& other = *bound[0];
  if (subject.kind() != other.kind()) return false;
  if (subject.identity() != nullptr) return subject.identity() == other.identity();
  return equal(subject, other, interpreter.budget());
}

// str(value).islower() and isupper().
template <bool (*kIs)(char32_t)>
bool has_case(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  no_arguments(given);
  const MarkedText text = interpreter.to_text(subject);
  bool any = false;
  for (size_t offset = 0; offset < text.size();) {
    const char32_t c = next_code_point(text.bytes(), offset);
    if (!is_cased(c)) continue;
    if (!kIs(c)) return false;
    any = true;
  }
  return any;
}

bool is_iterable_value(const Value& v) { return is_iterable(v); }

bool names_filter(Interpreter&, const Value& subject, const Arguments& given) {
  no_arguments(given);
  return subject.is_string() && find_filter(subject.bytes()) != nullptr;
}

bool names_test(Interpreter&, const Value& subject, const Arguments& given) {
  no_arguments(given);
  return subject.is_string() && find_test(subject.bytes()) != nullptr;
}

struct NamedTest {
  std::string_view name;
  TestFunction test;
};

constexpr NamedTest kTests[] = {
    {"!=", compares<Operation::kNotEqual>},
    {"<", compares<Operation::kLess>},
    {"<=", compares<Operation::kLessEqual>},
    {"==", compares<Operation::kEqual>},
    {">", compares<Operation::kGreater>},
    {">=", compares<Operation::kGreaterEqual>},
    {"boolean", plain<is_boolean>},
    {"callable", plain<is_callable>},
    {"defined", plain<is_defined>},
    {"divisibleby", is_divisible},
    {"eq", compares<Operation::kEqual>},
    {"equalto", compares<Operation::kEqual>},
    {"escaped", plain<is_escaped>},
    {"even", parity<0>},
    {"false", plain<is_false>},
    {"filter", names_filter},
    {"float", plain<is_float>},
    {"ge", compares<Operation::kGreaterEqual>},
    {"greaterthan", compares<Operation::kGreater>},
    {"gt", compares<Operation::kGreater>},
    {"in", compares<Operation::kIn>},
    {"integer", plain<is_integer>},
    {"iterable", plain<is_iterable_value>},
    {"le", compares<Operation::kLessEqual>},
    {"lessthan", compares<Operation::kLess>},
    {"lower", has_case<is_lower>},
    {"lt", compares<Operation::kLess>},
    {"mapping", plain<is_mapping>},
    {"ne", compares<Operation::kNotEqual>},
    {"none", plain<is_none>},
    {"number", plain<is_number>},
    {"odd", parity<1>},
    {"sameas", is_same},
    {"sequence", plain<is_sequence>},
    {"string", plain<is_string>},
    {"test", names_test},
    {"true", plain<is_true>},
    {"undefined", plain<is_undefined>},
    {"upper", has_case<is_upper>},
};

}  // namespace

TestFunction find_test(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTests), std::end(kTests), [&](const NamedTest& t) { return t.name == name; });
  return found == std::end(kTests) ? nullptr : found->test;
}

}  // namespace slm::chat
