#include "chat/methods.h"

#include <algorithm>

#include "chat/compare.h"
#include "chat/format.h"
#include "chat/interpreter.h"
#include "chat/strings.h"
#include "chat/unicode.h"

namespace slm::chat {
namespace {

// What a method works with.
struct Call {
  Interpreter& interpreter;
  const Value& self;
  std::string_view name;
  const Arguments& given;

  const MarkedText& text() const { return self.text(); }
  Budget& budget() const { return interpreter.budget(); }
  // A string of the same kind as self (Markup stays Markup).
  Value same(MarkedText out) const { return interpreter.string(std::move(out), self.as_string().is_markup); }
  Value list(std::vector<MarkedText> parts) const {
    std::vector<Value> items;
    for (MarkedText& part : parts) items.push_back(same(std::move(part)));
    return Value::list(std::move(items));
  }
  void no_keywords() const {
    if (!given.named.empty()) raise("chat.template_argument", name);
  }
};

using MethodFunction = Value (*)(const Call&);
struct NamedMethod {
  std::string_view name;
  MethodFunction call;
};

// --- str ---

template <MarkedText (*kFunction)(const MarkedText&, Budget&)>
Value mapped(const Call& call) {
  const Bound bound(call.given, call.name, {});
  return call.same(kFunction(call.text(), call.budget()));
}

template <Side kSide>
Value strip(const Call& call) {
  call.no_keywords();
  const Bound bound(call.given, call.name, {"chars"});
  const std::string* set = bound.given(0) == nullptr ? nullptr : &bound.text(0).bytes();
  return call.same(stripped(call.text(), set, kSide, call.budget()));
}

template <bool kFromRight>
Value split_method(const Call& call) {
  const Bound bound(call.given, call.name, {"sep", "maxsplit"});
  const std::string* separator = bound.given(0) == nullptr ? nullptr : &bound.text(0).bytes();
  const int64_t limit = bound.integer(1, -1);
  return call.list(kFromRight ? split_from_right(call.text(), separator, limit, call.budget())
                              : split(call.text(), separator, limit, call.budget()));
}

Value splitlines(const Call& call) {
  const Bound bound(call.given, call.name, {"keepends"});
  return call.list(lines_of(call.text(), bound.flag(0), call.budget()));
}

template <bool kFromRight>
Value partition(const Call& call) {
  call.no_keywords();
  const Bound bound(call.given, call.name, {"sep"}, 1);
  const MarkedText& separator = bound.text(0);
  if (separator.empty()) raise("chat.template_argument", call.name);
  const MarkedText& text = call.text();
  call.budget().bytes(text.size());
  const size_t at = kFromRight ? rfind_bytes(text.bytes(), separator.bytes(), 0, text.size())
                               : find_bytes(text.bytes(), separator.bytes(), 0, text.size());
  if (at == std::string::npos) {
    if (kFromRight) return Value::tuple({call.same({}), call.same({}), call.same(text)});
    return Value::tuple({call.same(text), call.same({}), call.same({})});
  }
  const size_t end = at + separator.size();
  return Value::tuple({call.same(text.slice(0, at)), call.same(text.slice(at, end)), call.same(text.slice(end, text.size()))});
}

// Arguments `start` and `end` of find() and its like, in characters, as bytes of the text; nothing when start is past the end.
std::optional<ByteRange> searched(const Call& call, const Bound& bound) {
  const std::string& bytes = call.text().bytes();
  call.budget().bytes(bytes.size());
  const auto length = static_cast<int64_t>(count_code_points(bytes));
  const auto position = [&](size_t i, int64_t otherwise) {
    const int64_t at = bound.given(i) == nullptr ? otherwise : bound.integer(i, 0);
    return at < 0 ? std::max<int64_t>(0, at < -length ? 0 : at + length) : at;
  };
  const int64_t begin = position(1, 0), end = std::min(length, position(2, length));
  if (begin > end) return std::nullopt;
  return ByteRange{offset_of_code_point(bytes, static_cast<size_t>(begin)),
                   offset_of_code_point(bytes, static_cast<size_t>(end))};
}

template <bool kFromRight, bool kMustExist>
Value find(const Call& call) {
  call.no_keywords();
  const Bound bound(call.given, call.name, {"sub", "start", "end"}, 1);
  const std::string& wanted = bound.text(0).bytes();
  const std::string& bytes = call.text().bytes();
  const auto range = searched(call, bound);
  size_t at = std::string::npos;
  if (range) {
    at = kFromRight ? rfind_bytes(bytes, wanted, range->begin, range->end) : find_bytes(bytes, wanted, range->begin, range->end);
  }
  if (at != std::string::npos) {
    return Value::integer(static_cast<int64_t>(count_code_points(std::string_view(bytes).substr(0, at))));
  }
  if (kMustExist) raise("chat.template_argument", call.name);
  return Value::integer(-1);
}

Value count(const Call& call) {
  call.no_keywords();
  const Bound bound(call.given, call.name, {"sub", "start", "end"}, 1);
  const std::string& wanted = bound.text(0).bytes();
  const auto range = searched(call, bound);
  if (!range) return Value::integer(0);
  const std::string_view text = std::string_view(call.text().bytes()).substr(range->begin, range->end - range->begin);
  if (wanted.empty()) return Value::integer(static_cast<int64_t>(count_code_points(text)) + 1);
  int64_t n = 0;
  for (size_t at = find_bytes(text, wanted, 0, text.size()); at != std::string::npos;
       at = find_bytes(text, wanted, at + wanted.size(), text.size())) {
    ++n;
  }
  return Value::integer(n);
}

template <bool kAtEnd>
Value starts_or_ends(const Call& call) {
  call.no_keywords();
  const Bound bound(call.given, call.name, {"prefix", "start", "end"}, 1);
  const auto range = searched(call, bound);
  const auto fits = [&](const Value& affix) {
    if (affix.is_undefined()) raise_undefined(affix);
    if (!affix.is_string()) raise("chat.template_argument", call.name);
    if (!range) return false;
    const std::string_view text = std::string_view(call.text().bytes()).substr(range->begin, range->end - range->begin);
    return kAtEnd ? text.ends_with(affix.bytes()) : text.starts_with(affix.bytes());
  };
  if (!bound[0]->is(Kind::kTuple)) return Value::boolean(fits(*bound[0]));
  const auto& affixes = bound[0]->as_sequence().items;
  return Value::boolean(std::any_of(affixes.begin(), affixes.end(), fits));
}

template <bool kSuffix>
Value remove_affix(const Call& call) {
  call.no_keywords();
  const Bound bound(call.given, call.name, {"affix"}, 1);
  const std::string& affix = bound.text(0).bytes();
  const MarkedText& text = call.text();
  if (kSuffix && text.bytes().ends_with(affix)) return call.same(text.slice(0, text.size() - affix.size()));
  if (!kSuffix && text.bytes().starts_with(affix)) return call.same(text.slice(affix.size(), text.size()));
  return call.self;
}

Value replace(const Call& call) {
  call.no_keywords();
  const Bound bound(call.given, call.name, {"old", "new", "count"}, 2);
  return call.same(replaced(call.text(), bound.text(0), bound.text(1), bound.integer(2, -1), call.budget()));
}

Value join(const Call& call) {
  call.no_keywords();
  const Bound bound(call.given, call.name, {"iterable"}, 1);
  std::vector<MarkedText> parts;
  for (const Value& item : items_of(*bound[0], call.budget())) {
    if (item.is_undefined()) raise_undefined(item);
    if (!item.is_string()) raise("chat.template_argument", call.name);
    parts.push_back(item.text());
  }
  return call.same(joined_by(call.text(), parts, call.budget()));
}

Value format(const Call& call) { return brace_format(call.interpreter, call.self, call.given); }

template <Alignment kAlignment>
Value pad(const Call& call) {
  call.no_keywords();
  const Bound bound(call.given, call.name, {"width", "fillchar"}, 1);
  const std::string fill = bound[1] == nullptr ? " " : bound.text(1).bytes();
  if (count_code_points(fill) != 1) raise("chat.template_argument", call.name);
  return call.same(padded(call.text(), bound.integer(0, 0), fill, kAlignment, call.budget()));
}

Value zfill(const Call& call) {
  call.no_keywords();
  const Bound bound(call.given, call.name, {"width"}, 1);
  const MarkedText& text = call.text();
  const bool has_sign = !text.empty() && (text.bytes()[0] == '-' || text.bytes()[0] == '+');
  MarkedText out = text.slice(0, has_sign ? 1 : 0);
  const int64_t width = bound.integer(0, 0);
  out.append(padded(text.slice(has_sign ? 1 : 0, text.size()), width > 0 && has_sign ? width - 1 : width, "0",
                    Alignment::kRight, call.budget()));
  return call.same(std::move(out));
}

// True when the text is not empty and every character is one.
template <bool (*kIs)(char32_t)>
Value all_are(const Call& call) {
  const Bound bound(call.given, call.name, {});
  const std::string& bytes = call.text().bytes();
  call.budget().bytes(bytes.size());
  for (size_t offset = 0; offset < bytes.size();) {
    if (!kIs(next_code_point(bytes, offset))) return Value::boolean(false);
  }
  return Value::boolean(!bytes.empty());
}

bool is_alpha_or_number(char32_t c) { return is_alpha(c) || is_decimal(c); }

Value is_identifier(const Call& call) {
  const std::string& bytes = call.text().bytes();
  call.budget().bytes(bytes.size());
  size_t offset = 0;
  if (bytes.empty() || !is_identifier_start(next_code_point(bytes, offset))) return Value::boolean(false);
  while (offset < bytes.size()) {
    if (!is_identifier_part(next_code_point(bytes, offset))) return Value::boolean(false);
  }
  return Value::boolean(true);
}

// islower, isupper: some cased character, and none of the other case.
template <bool (*kIs)(char32_t)>
Value cased_are(const Call& call) {
  const Bound bound(call.given, call.name, {});
  const std::string& bytes = call.text().bytes();
  call.budget().bytes(bytes.size());
  bool any = false;
  for (size_t offset = 0; offset < bytes.size();) {
    const char32_t c = next_code_point(bytes, offset);
    if (!is_cased(c)) continue;
    if (!kIs(c)) return Value::boolean(false);
    any = true;
  }
  return Value::boolean(any);
}

Value is_ascii(const Call& call) {
  const std::string& bytes = call.text().bytes();
  call.budget().bytes(bytes.size());
  return Value::boolean(std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}

constexpr NamedMethod kStringMethods[] = {
    {"capitalize", mapped<capitalized>},
    {"casefold", mapped<lower_of>},
    {"center", pad<Alignment::kCenter>},
    {"count", count},
    {"endswith", starts_or_ends<true>},
    {"find", find<false, false>},
    {"format", format},
    {"index", find<false, true>},
    {"isalnum", all_are<is_alpha_or_number>},
    {"isalpha", all_are<is_alpha>},
    {"isascii", is_ascii},
    {"isdecimal", all_are<is_decimal>},
    {"isdigit", all_are<is_decimal>},
    {"isidentifier", is_identifier},
    {"islower", cased_are<is_lower>},
    {"isnumeric", all_are<is_decimal>},
    {"isspace", all_are<is_space>},
    {"isupper", cased_are<is_upper>},
    {"join", join},
    {"ljust", pad<Alignment::kLeft>},
    {"lower", mapped<lower_of>},
    {"lstrip", strip<Side::kLeft>},
    {"partition", partition<false>},
    {"removeprefix", remove_affix<false>},
    {"removesuffix", remove_affix<true>},
    {"replace", replace},
    {"rfind", find<true, false>},
    {"rindex", find<true, true>},
    {"rjust", pad<Alignment::kRight>},
    {"rpartition", partition<true>},
    {"rsplit", split_method<true>},
    {"rstrip", strip<Side::kRight>},
    {"split", split_method<false>},
    {"splitlines", splitlines},
    {"startswith", starts_or_ends<false>},
    {"strip", strip<Side::kBoth>},
    {"swapcase", mapped<swapped_case>},
    {"title", mapped<titled>},
    {"upper", mapped<upper_of>},
    {"zfill", zfill},
};

// --- dict ---

template <bool kKeys, bool kValues>
Value view(const Call& call) {
  const Bound bound(call.given, call.name, {});
  const Dict& dict = call.self.as_dict();
  call.budget().items(dict.items.size());
  std::vector<Value> items;
  for (const auto& [key, value] : dict.items) {
    items.push_back(kKeys && kValues ? Value::tuple({key, value}) : kKeys ? key : value);
  }
  return Value::view(kKeys && kValues ? "dict_items" : kKeys ? "dict_keys" : "dict_values", std::move(items));
}

Value get(const Call& call) {
  call.no_keywords();
  const Bound bound(call.given, call.name, {"key", "default"}, 1);
  if (const Value* value = call.self.as_dict().find(*bound[0])) return *value;
  return bound[1] == nullptr ? Value::none() : *bound[1];
}

Value copy(const Call& call) {
  const Bound bound(call.given, call.name, {});
  return call.self;  // nothing can change either
}

constexpr NamedMethod kDictMethods[] = {
    {"copy", copy}, {"get", get}, {"items", view<true, true>}, {"keys", view<true, false>}, {"values", view<false, true>}};

// --- list, tuple, range ---

Value index_of(const Call& call) {
  call.no_keywords();
  const Bound bound(call.given, call.name, {"value", "start", "stop"}, 1);
  const std::vector<Value> items = items_of(call.self, call.budget());
  const auto length = static_cast<int64_t>(items.size());
  const auto position = [&](size_t i, int64_t otherwise) {
    const int64_t at = bound.integer(i, otherwise);
    return at < 0 ? std::max<int64_t>(0, at < -length ? 0 : at + length) : at;
  };
  for (int64_t i = position(1, 0); i < std::min(length, position(2, length)); ++i) {
    if (equal(items[static_cast<size_t>(i)], *bound[0], call.budget())) return Value::integer(i);
  }
  raise("chat.template_argument", call.name);
}

Value count_of(const Call& call) {
  call.no_keywords();
  const Bound bound(call.given, call.name, {"value"}, 1);
  int64_t n = 0;
  for (const Value& item : items_of(call.self, call.budget())) n += equal(item, *bound[0], call.budget()) ? 1 : 0;
  return Value::integer(n);
}

constexpr NamedMethod kListMethods[] = {{"copy", copy}, {"count", count_of}, {"index", index_of}};
constexpr NamedMethod kTupleMethods[] = {{"count", count_of}, {"index", index_of}};

// --- loop ---

Value cycle(const Call& call) {
  call.no_keywords();
  const auto& values = call.given.positional;
  if (values.empty()) raise("chat.template_argument", call.name);
  const auto index = static_cast<size_t>(std::max<int64_t>(0, call.self.as_loop().index0));
  return values[index % values.size()];
}

Value changed(const Call& call) {
  call.no_keywords();
  Loop& loop = call.self.as_loop();
  const auto& values = call.given.positional;
  bool same = loop.has_last_changed && loop.last_changed.size() == values.size();
  for (size_t i = 0; same && i < values.size(); ++i) same = equal(loop.last_changed[i], values[i], call.budget());
  if (same) return Value::boolean(false);
  loop.last_changed = values;
  loop.has_last_changed = true;
  return Value::boolean(true);
}

constexpr NamedMethod kLoopMethods[] = {{"changed", changed}, {"cycle", cycle}};

// Methods that change their object.
constexpr std::string_view kListChanges[] = {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"};
constexpr std::string_view kDictChanges[] = {"clear", "pop", "popitem", "setdefault", "update"};

template <class Table>
const NamedMethod* in_table(const Table& table, std::string_view name) {
  const auto* found = std::find_if(std::begin(table), std::end(table), [&](const NamedMethod& m) { return m.name == name; });
  return found == std::end(table) ? nullptr : found;
}

const NamedMethod* known_method(const Value& object, std::string_view name) {
  switch (object.kind()) {
    case Kind::kString: return in_table(kStringMethods, name);
    case Kind::kDict: return in_table(kDictMethods, name);
    case Kind::kList: return in_table(kListMethods, name);
    case Kind::kTuple:
    case Kind::kRange:
      return in_table(kTupleMethods, name);
    case Kind::kLoop: return in_table(kLoopMethods, name);
    default: return nullptr;
  }
}

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

std::optional<Value> find_method(const Value& object, std::string_view name) {
  if (const NamedMethod* method = known_method(object, name)) return Value::method(object, method->name);
  const bool changes = (object.is(Kind::kList) && is_one_of(kListChanges, name)) ||
                       (object.is(Kind::kDict) && is_one_of(kDictChanges, name));
  if (changes) return Value::undefined(msg("chat.template_refused", name));
  return std::nullopt;
}

Value call_method(Interpreter& interpreter, const Method& method, const Arguments& arguments) {
  const NamedMethod* known = known_method(method.self, method.name);
  SLM_CHECK(known != nullptr);
  return known->call(Call{interpreter, method.self, method.name, arguments});
}

}  // namespace slm::chat
