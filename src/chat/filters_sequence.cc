// Filters of sequences and mappings.
#include <algorithm>
#include <charconv>
#include <set>

#include "chat/compare.h"
#include "chat/filters.h"
#include "chat/interpreter.h"
#include "chat/operators.h"
#include "chat/predicates.h"
#include "chat/strings.h"
#include "chat/unicode.h"

namespace slm::chat {
namespace {

// "a.b.0" -> what stands at item["a"]["b"][0]; None: the item itself.
class AttributePath {
 public:
  AttributePath(const Value* attribute, Budget& budget) {
    if (attribute == nullptr || attribute->is_none()) return;
    if (!attribute->is_string()) {
      parts_.push_back(*attribute);
      return;
    }
    const std::string dot = ".";
    for (const MarkedText& part : split(attribute->text(), &dot, -1, budget)) {
      const std::string& bytes = part.bytes();
      int64_t index = 0;
      const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), index);
      const bool is_index = error == std::errc() && end == bytes.data() + bytes.size() && bytes[0] != '-';
      parts_.push_back(is_index ? Value::integer(index) : Value::string(part));
    }
  }

  Value of(Interpreter& interpreter, Value item) const {
    for (const Value& part : parts_) {
      item = interpreter.item(item, part);
      if (otherwise && item.is_undefined()) item = *otherwise;
    }
    return item;
  }

  std::optional<Value> otherwise;  // in place of what is not there

 private:
  std::vector<Value> parts_;
};

Value without_case(Interpreter& interpreter, const Value& value) {
  return value.is_string() ? interpreter.string(lower_of(value.text(), interpreter.budget())) : value;
}

// Fills a generator with what `fill` pushes; a failure on the way waits until the generator is read up to it.
template <class Fill>
Value generated(const char* name, const Fill& fill) {
  Generator generator;
  generator.name = name;
  try {
    fill(generator.items);
  } catch (Failure& failure) {
    generator.failure = std::move(failure);
  }
  return Value::generator(std::move(generator));
}

Value length(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "length", {});
  return Value::integer(static_cast<int64_t>(length_of(subject, interpreter.budget())));
}

Value list(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "list", {});
  return Value::list(items_of(subject, interpreter.budget()));
}

Value first(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "first", {});
  if (subject.is(Kind::kGenerator)) {
    Generator& generator = subject.as_generator();
    if (generator.next < generator.items.size()) return generator.items[generator.next++];
  }
  const std::vector<Value> items = items_of(subject, interpreter.budget());
  return items.empty() ? Value::undefined(msg("chat.template_undefined", "first")) : items.front();
}

Value last(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "last", {});
  if (subject.is(Kind::kGenerator)) raise("chat.template_not_iterable", type_name(subject));
  const std::vector<Value> items = items_of(subject, interpreter.budget());
  return items.empty() ? Value::undefined(msg("chat.template_undefined", "last")) : items.back();
}

Value join(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "join", {"d", "attribute"});
  const MarkedText separator = bound[0] == nullptr ? MarkedText() : interpreter.to_text(*bound[0]);
  const AttributePath path(bound[1], interpreter.budget());
  std::vector<MarkedText> parts;
  for (const Value& item : items_of(subject, interpreter.budget())) {
    parts.push_back(interpreter.to_text(path.of(interpreter, item)));
  }
  return interpreter.string(joined_by(separator, parts, interpreter.budget()));
}

Value items(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "items", {});
  return generated("do_items", [&](std::vector<Value>& out) {
    if (subject.is_undefined()) return;
    if (!subject.is(Kind::kDict)) raise("chat.template_not_mapping", type_name(subject));
    interpreter.budget().items(subject.as_dict().items.size());
    for (const auto& [key, value] : subject.as_dict().items) out.push_back(Value::tuple({key, value}));
  });
}

Value reverse(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "reverse", {});
  if (subject.is_string()) return slice_of(subject, {std::nullopt, std::nullopt, -1}, interpreter.budget());
  if (!is_iterable(subject)) raise("chat.template_not_iterable", type_name(subject));
  std::vector<Value> all = items_of(subject, interpreter.budget());
  std::reverse(all.begin(), all.end());
  if (subject.is(Kind::kGenerator)) return Value::list(std::move(all));
  return generated("reverse", [&](std::vector<Value>& out) { out = std::move(all); });
}

// Sorted by key, equal ones in their order; `reverse` keeps that order too, as Python does.
void sort_by_keys(std::vector<std::pair<Value, Value>>& keyed, bool reverse, Budget& budget) {
  budget.items(keyed.size());
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    return reverse ? less(b.first, a.first, budget) : less(a.first, b.first, budget);
  });
}

Value sort(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "sort", {"reverse", "case_sensitive", "attribute"});
  const bool case_sensitive = bound.flag(1);
  // "age,name": by several attributes, one after another.
  std::vector<AttributePath> paths;
  if (const Value* attribute = bound.given(2); attribute != nullptr && attribute->is_string()) {
    const std::string comma = ",";
    for (const MarkedText& part : split(attribute->text(), &comma, -1, interpreter.budget())) {
      const Value name = Value::string(part);
      paths.emplace_back(&name, interpreter.budget());
    }
  } else {
    paths.emplace_back(attribute, interpreter.budget());
  }
  std::vector<std::pair<Value, Value>> keyed;
  for (const Value& item : items_of(subject, interpreter.budget())) {
    std::vector<Value> keys;
    for (const AttributePath& path : paths) {
      Value key = path.of(interpreter, item);
      keys.push_back(case_sensitive ? key : without_case(interpreter, key));
    }
    keyed.emplace_back(Value::list(std::move(keys)), item);
  }
  sort_by_keys(keyed, bound.flag(0), interpreter.budget());
  std::vector<Value> out;
  for (auto& entry : keyed) out.push_back(std::move(entry.second));
  return Value::list(std::move(out));
}

Value dictsort(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "dictsort", {"case_sensitive", "by", "reverse"});
  const std::string by = bound[1] == nullptr ? "key" : bound.text(1).bytes();
  if (by != "key" && by != "value") raise("chat.template_argument", "dictsort");
  if (subject.is_undefined()) raise_undefined(subject);
  if (!subject.is(Kind::kDict)) raise("chat.template_not_mapping", type_name(subject));
  std::vector<std::pair<Value, Value>> keyed;
  for (const auto& [key, value] : subject.as_dict().items) {
    const Value& sorted = by == "key" ? key : value;
    keyed.emplace_back(bound.flag(0) ? sorted : without_case(interpreter, sorted), Value::tuple({key, value}));
  }
  sort_by_keys(keyed, bound.flag(2), interpreter.budget());
  std::vector<Value> out;
  for (auto& entry : keyed) out.push_back(std::move(entry.second));
  return Value::list(std::move(out));
}

Value unique(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "unique", {"case_sensitive", "attribute"});
  return generated("sync_do_unique", [&](std::vector<Value>& out) {
    const AttributePath path(bound[1], interpreter.budget());
    std::set<std::string> seen;
    for (const Value& item : items_of(subject, interpreter.budget())) {
      Value key = path.of(interpreter, item);
      if (!bound.flag(0)) key = without_case(interpreter, key);
      std::string hash = hash_key(key);
      interpreter.budget().bytes(hash.size());
      if (seen.insert(std::move(hash)).second) out.push_back(item);
    }
  });
}

template <bool kMax>
Value extreme(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, kMax ? "max" : "min", {"case_sensitive", "attribute"});
  const AttributePath path(bound[1], interpreter.budget());
  const std::vector<Value> all = items_of(subject, interpreter.budget());
  if (all.empty()) return Value::undefined(msg("chat.template_undefined", kMax ? "max" : "min"));
  const auto key_of = [&](const Value& item) {
    Value key = path.of(interpreter, item);
    return bound.flag(0) ? key : without_case(interpreter, key);
  };
  size_t best = 0;
  Value best_key = key_of(all[0]);
  for (size_t i = 1; i < all.size(); ++i) {
    Value key = key_of(all[i]);
    if (kMax ? less(best_key, key, interpreter.budget()) : less(key, best_key, interpreter.budget())) {
      best = i;
      best_key = std::move(key);
    }
  }
  return all[best];
}

Value sum(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "sum", {"attribute", "start"});
  const AttributePath path(bound[0], interpreter.budget());
  Value total = bound[1] == nullptr ? Value::integer(0) : *bound[1];
  if (total.is_string()) raise("chat.template_argument", "sum");
  for (const Value& item : items_of(subject, interpreter.budget())) {
    total = arithmetic(Operation::kAdd, total, path.of(interpreter, item), interpreter.budget());
  }
  return total;
}

// --- map, select, reject ---

Arguments rest_of(const Arguments& given, size_t skip) {
  Arguments out;
  out.positional.assign(given.positional.begin() + static_cast<std::ptrdiff_t>(skip), given.positional.end());
  out.named = given.named;
  return out;
}

// map(attribute=..., default=...)
Value mapped_attribute(Interpreter& interpreter, const std::vector<Value>& all, const Arguments& given,
                       std::vector<Value>& out) {
  const Bound bound(given, "map", {"attribute", "default"});
  AttributePath path(bound[0], interpreter.budget());
  if (const Value* otherwise = bound.given(1)) path.otherwise = *otherwise;
  for (const Value& item : all) out.push_back(path.of(interpreter, item));
  return Value::none();
}

Value map(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  return generated("sync_do_map", [&](std::vector<Value>& out) {
    if (!truthy(subject)) return;
    const bool by_attribute =
        given.positional.empty() &&
        std::any_of(given.named.begin(), given.named.end(), [](const auto& entry) { return entry.first == "attribute"; });
    if (!by_attribute && (given.positional.empty() || !given.positional[0].is_string())) {
      raise("chat.template_argument", "map");
    }
    const std::vector<Value> all = items_of(subject, interpreter.budget());
    if (by_attribute) {
      mapped_attribute(interpreter, all, given, out);
      return;
    }
    const std::string& name = given.positional[0].bytes();
    const FilterFunction filter = find_filter(name);
    if (filter == nullptr) raise("chat.template_unknown_filter", name);
    const Arguments rest = rest_of(given, 1);
    for (const Value& item : all) {
      interpreter.budget().step();
      out.push_back(filter(interpreter, item, rest));
    }
  });
}

template <bool kKeep, bool kByAttribute>
Value select(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const char* const name = "select_or_reject";
  return generated(name, [&](std::vector<Value>& out) {
    if (!truthy(subject)) return;
    const size_t test_at = kByAttribute ? 1 : 0;
    if (kByAttribute && given.positional.empty()) raise("chat.template_argument", "selectattr");
    const AttributePath path(kByAttribute ? &given.positional[0] : nullptr, interpreter.budget());
    TestFunction test = nullptr;
    Arguments rest;
    if (given.positional.size() > test_at) {
      if (!given.positional[test_at].is_string()) raise("chat.template_argument", "select");
      const std::string& test_name = given.positional[test_at].bytes();
      test = find_test(test_name);
      if (test == nullptr) raise("chat.template_unknown_test", test_name);
      rest = rest_of(given, test_at + 1);
    }
    for (const Value& item : items_of(subject, interpreter.budget())) {
      interpreter.budget().step();
      const Value tested = path.of(interpreter, item);
      const bool passes = test == nullptr ? truthy(tested) : test(interpreter, tested, rest);
      if (passes == kKeep) out.push_back(item);
    }
  });
}

Value attr(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "attr", {"name"}, 1);
  // Attributes only, never items: of what templates see these are methods, namespaces and loops.
  if (subject.is_undefined()) raise_undefined(subject);
  const std::string& name = bound.text(0).bytes();
  if (subject.is(Kind::kDict) && subject.as_dict().find(name) != nullptr) {
    return Value::undefined(msg("chat.template_no_attribute", type_name(subject), name));
  }
  return interpreter.attribute(subject, name);
}

// --- batch, slice ---

Value batch(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "batch", {"linecount", "fill_with"}, 1);
  return generated("do_batch", [&](std::vector<Value>& out) {
    const int64_t size = bound.integer(0, 0);
    std::vector<Value> row;
    for (const Value& item : items_of(subject, interpreter.budget())) {
      if (static_cast<int64_t>(row.size()) == size) out.push_back(Value::list(std::exchange(row, {})));
      row.push_back(item);
    }
    if (row.empty()) return;
    if (bound.given(1) != nullptr && static_cast<int64_t>(row.size()) < size) {
      if (size > static_cast<int64_t>(limits::kTemplateMaxRange)) raise("chat.template_limit_range", limits::kTemplateMaxRange);
      interpreter.budget().items(static_cast<size_t>(size));
      row.resize(static_cast<size_t>(size), *bound[1]);
    }
    out.push_back(Value::list(std::move(row)));
  });
}

Value slice(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "slice", {"slices", "fill_with"}, 1);
  return generated("sync_do_slice", [&](std::vector<Value>& out) {
    const std::vector<Value> all = items_of(subject, interpreter.budget());
    const int64_t slices = bound.integer(0, 0);
    if (slices == 0) raise("chat.template_zero_division");
    if (slices > static_cast<int64_t>(limits::kTemplateMaxRange)) raise("chat.template_limit_range", limits::kTemplateMaxRange);
    const auto length = static_cast<int64_t>(all.size());
    size_t next = 0;
    for (int64_t i = 0; i < slices; ++i) {
      const bool has_extra = i < length % slices;
      std::vector<Value> part;
      for (int64_t n = 0; n < length / slices + (has_extra ? 1 : 0); ++n) part.push_back(all[next++]);
      if (bound.given(1) != nullptr && !has_extra) part.push_back(*bound[1]);
      interpreter.budget().items(part.size() + 1);
      out.push_back(Value::list(std::move(part)));
    }
  });
}

}  // namespace

const std::vector<NamedFilter>& sequence_filters() {
  static const std::vector<NamedFilter> table = {
      {"attr", attr},
      {"batch", batch},
      {"count", length},
      {"dictsort", dictsort},
      {"first", first},
      {"items", items},
      {"join", join},
      {"last", last},
      {"length", length},
      {"list", list},
      {"map", map},
      {"max", extreme<true>},
      {"min", extreme<false>},
      {"reject", select<false, false>},
      {"rejectattr", select<false, true>},
      {"reverse", reverse},
      {"select", select<true, false>},
      {"selectattr", select<true, true>},
      {"slice", slice},
      {"sort", sort},
      {"sum", sum},
      {"unique", unique},
  };
  return table;
}

}  // namespace slm::chat
