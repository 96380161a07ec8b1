#include "chat/compare.h"

#include "chat/unicode.h"

namespace slm::chat {
namespace {

// <0, 0, >0 for a < b, a == b, a > b; 2 when unordered (NaN). long double holds every int64_t and every double.
int compare_numbers(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return a.as_int() < b.as_int() ? -1 : a.as_int() > b.as_int();
  const auto wide = [](const Value& v) {
    return v.is_integral() ? static_cast<long double>(v.as_int()) : static_cast<long double>(v.as_double());
  };
  const long double x = wide(a), y = wide(b);
  if (x < y) return -1;
  if (x > y) return 1;
  return x == y ? 0 : 2;
}

bool equal_items(const std::vector<Value>& a, const std::vector<Value>& b, Budget& budget) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!equal(a[i], b[i], budget)) return false;
  }
  return true;
}

bool equal_dicts(const Dict& a, const Dict& b, Budget& budget) {
  if (a.items.size() != b.items.size()) return false;
  for (const auto& [key, value] : a.items) {
    const Value* other = b.find(key);
    if (other == nullptr || !equal(value, *other, budget)) return false;
  }
  return true;
}

bool less_items(const std::vector<Value>& a, const std::vector<Value>& b, Budget& budget) {
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (!equal(a[i], b[i], budget)) return less(a[i], b[i], budget);
  }
  return a.size() < b.size();
}

// The next items of a generator, used up; its failure where it has one.
std::vector<Value> drain(Generator& generator) {
  std::vector<Value> rest(generator.items.begin() + static_cast<std::ptrdiff_t>(generator.next), generator.items.end());
  generator.next = generator.items.size();
  if (generator.failure) throw Failure{*generator.failure};
  return rest;
}

std::vector<Value> characters_of(const Value& string) {
  const MarkedText& text = string.text();
  std::vector<Value> out;
  for (size_t offset = 0; offset < text.size();) {
    const size_t begin = offset;
    next_code_point(text.bytes(), offset);
    out.push_back(Value::string(text.slice(begin, offset)));  // of Markup too: plain ones, as in Python
  }
  return out;
}

}  // namespace

bool equal(const Value& a, const Value& b, Budget& budget) {
  budget.step();
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kString:
      if (a.bytes().size() != b.bytes().size()) return false;
      budget.bytes(a.bytes().size());
      return a.bytes() == b.bytes();
    case Kind::kList:
    case Kind::kTuple:
      return equal_items(a.as_sequence().items, b.as_sequence().items, budget);
    case Kind::kDict: return equal_dicts(a.as_dict(), b.as_dict(), budget);
    case Kind::kRange: {
      const IntegerRange &x = a.as_range(), &y = b.as_range();
      const size_t n = x.size();
      return n == y.size() && (n == 0 || (x.start == y.start && (n == 1 || x.step == y.step)));
    }
    default: return a.identity() == b.identity();
  }
}

bool less(const Value& a, const Value& b, Budget& budget) {
  budget.step();
  if (a.is_undefined()) raise_undefined(a);
  if (b.is_undefined()) raise_undefined(b);
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == -1;
  if (a.is_string() && b.is_string()) {
    budget.bytes(std::min(a.bytes().size(), b.bytes().size()));
    return a.bytes() < b.bytes();  // UTF-8 sorts as code points do
  }
  if (a.kind() == b.kind() && a.is_sequence()) return less_items(a.as_sequence().items, b.as_sequence().items, budget);
  raise("chat.template_operands", "<", type_name(a), type_name(b));
}

bool contains(const Value& container, const Value& item, Budget& budget) {
  if (container.is_string()) {
    if (!item.is_string()) raise("chat.template_operands", "in", type_name(item), type_name(container));
    budget.bytes(container.bytes().size());
    return find_bytes(container.bytes(), item.bytes(), 0, container.bytes().size()) != std::string::npos;
  }
  if (container.is(Kind::kDict)) return container.as_dict().find(item) != nullptr;
  if (!is_iterable(container)) raise("chat.template_not_iterable", type_name(container));
  if (container.is(Kind::kGenerator)) {
    // Reads as far as the item.
    Generator& generator = container.as_generator();
    while (generator.next < generator.items.size()) {
      if (equal(generator.items[generator.next++], item, budget)) return true;
    }
    if (generator.failure) throw Failure{*generator.failure};
    return false;
  }
  for (const Value& other : items_of(container, budget)) {
    if (equal(other, item, budget)) return true;
  }
  return false;
}

bool is_iterable(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kString:
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kDict:
    case Kind::kRange:
    case Kind::kView:
    case Kind::kGenerator:
    case Kind::kLoop:
      return true;
    default: return false;
  }
}

std::vector<Value> items_of(const Value& value, Budget& budget) {
  switch (value.kind()) {
    case Kind::kUndefined: return {};
    case Kind::kString:
      budget.items(value.bytes().size());
      return characters_of(value);
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
      budget.items(value.as_sequence().items.size());
      return value.as_sequence().items;
    case Kind::kDict: {
      budget.items(value.as_dict().items.size());
      std::vector<Value> keys;
      for (const auto& entry : value.as_dict().items) keys.push_back(entry.first);
      return keys;
    }
    case Kind::kRange: {
      const IntegerRange& range = value.as_range();
      budget.items(range.size());
      std::vector<Value> numbers;
      for (size_t i = 0; i < range.size(); ++i) numbers.push_back(Value::integer(range.at(i)));
      return numbers;
    }
    case Kind::kGenerator:
      budget.items(value.as_generator().items.size());
      return drain(value.as_generator());
    default: raise("chat.template_not_iterable", type_name(value));
  }
}

size_t length_of(const Value& value, Budget& budget) {
  switch (value.kind()) {
    case Kind::kUndefined: return 0;
    case Kind::kString:
      budget.bytes(value.bytes().size());
      return count_code_points(value.bytes());
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
      return value.as_sequence().items.size();
    case Kind::kDict: return value.as_dict().items.size();
    case Kind::kRange: return value.as_range().size();
    default: raise("chat.template_no_length", type_name(value));
  }
}

}  // namespace slm::chat
