// The values of a template, with Python's behaviour: what jinja2 would see. Values are immutable, as transformers'
// sandbox has them, except namespaces, loops and generators.
//
// Ownership: strings and containers are shared and hold only older values, so they form no cycles; their nesting is
// bounded when they are made (kTemplateMaxValueDepth), so that printing, comparing and destroying them recurse no deeper.
// Namespaces, macros and loops can form cycles and belong to the Interpreter; a Value only points at them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chat/budget.h"
#include "chat/failure.h"
#include "chat/marked_text.h"

namespace slm::chat {

enum class Kind : uint8_t {
  kUndefined,
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kList,
  kTuple,
  kDict,
  kRange,
  kView,       // dict.items(), keys(), values()
  kGenerator,  // what map, select, items ... give: read once
  kNamespace,
  kMacro,
  kLoop,
  kFunction,   // a global: range, namespace ...
  kMethod,     // "x".strip before its call
};

class Value;
struct String;
struct Sequence;
struct Dict;
struct Generator;
struct IntegerRange;
struct Method;
struct Undefined;
struct Namespace;
struct Macro;
struct Loop;
struct Function;

class Value {
 public:
  Value() : kind_(Kind::kNone) {}
  static Value none() { return {}; }
  static Value boolean(bool b);
  static Value integer(int64_t i);
  static Value real(double f);
  static Value string(MarkedText text, bool is_markup = false);
  static Value literal(std::string text) { return string(MarkedText(std::move(text), false)); }
  static Value list(std::vector<Value> items);
  static Value tuple(std::vector<Value> items);
  static Value view(const char* type_name, std::vector<Value> items);  // "dict_items" ...
  static Value generator(Generator generator);
  static Value range(int64_t start, int64_t stop, int64_t step);  // step != 0
  static Value dict(Dict dict);
  static Value method(Value self, std::string_view name);  // name: a string that outlives the value
  // `failure` is what any use but printing, testing and iterating raises.
  static Value undefined(Message failure);
  static Value of(Namespace* space) { return Value(Kind::kNamespace, space); }
  static Value of(Macro* macro) { return Value(Kind::kMacro, macro); }
  static Value of(Loop* loop) { return Value(Kind::kLoop, loop); }
  static Value of(const Function* function) { return Value(Kind::kFunction, const_cast<Function*>(function)); }

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_undefined() const { return kind_ == Kind::kUndefined; }
  bool is_none() const { return kind_ == Kind::kNone; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_number() const { return kind_ == Kind::kBool || kind_ == Kind::kInt || kind_ == Kind::kFloat; }
  bool is_integral() const { return kind_ == Kind::kBool || kind_ == Kind::kInt; }
  bool is_sequence() const { return kind_ == Kind::kList || kind_ == Kind::kTuple; }

  // Each only for its kind (checked).
  bool as_bool() const;
  int64_t as_int() const;  // bool too
  double as_double() const;  // any number
  const String& as_string() const;
  const MarkedText& text() const;  // of a string
  const std::string& bytes() const { return text().bytes(); }
  const Sequence& as_sequence() const;  // list, tuple, view
  const Dict& as_dict() const;
  const IntegerRange& as_range() const;
  Generator& as_generator() const;
  const Method& as_method() const;
  const Undefined& as_undefined() const;
  Namespace& as_namespace() const;
  Macro& as_macro() const;
  Loop& as_loop() const;
  const Function& as_function() const;
  const void* identity() const;  // of an object; nullptr for None, bool, int, float

 private:
  Value(Kind kind, void* pointer) : kind_(kind) { scalar_.pointer = pointer; }
  template <class T>
  Value(Kind kind, std::shared_ptr<T> object) : kind_(kind), object_(std::move(object)) {}
  template <class T>
  T& object(Kind kind) const;

  Kind kind_;
  union {
    bool boolean;
    int64_t integer;
    double real;
    void* pointer;
  } scalar_{};
  std::shared_ptr<void> object_;
};

struct String {
  MarkedText text;
  bool is_markup = false;  // |safe and |escape give these: "+" escapes what is added to them
};

struct Sequence {
  std::vector<Value> items;
  uint32_t depth = 1;
  const char* type_name = "";  // of a view
};

struct Dict {
  // Adds or replaces; a replaced value stands where the old one stood. Raises on a key that cannot be hashed.
  void set(const Value& key, Value value);
  const Value* find(const Value& key) const;  // raises as set()
  const Value* find(std::string_view key) const;

  std::vector<std::pair<Value, Value>> items;
  uint32_t depth = 1;

 private:
  std::optional<size_t> position(const std::string& hash_key) const;
  std::unordered_map<std::string, size_t> index_;  // by hash_key()
};

struct IntegerRange {
  int64_t start = 0, stop = 0, step = 1;
  size_t size() const;
  int64_t at(size_t i) const { return start + static_cast<int64_t>(i) * step; }
};

struct Generator {
  const char* name = "generator";
  std::vector<Value> items;
  std::optional<Failure> failure;  // raised after the last item
  size_t next = 0;
  uint32_t depth = 1;
};

struct Method {
  Value self;
  std::string_view name;
};

struct Undefined {
  Message failure;
};

struct Namespace {
  Dict attributes;
};

// Names as Python has them: "str", "int", "NoneType" ...
std::string_view type_name(const Value& value);

bool truthy(const Value& value);

// Nesting of a value: 0 for scalars.
uint32_t depth_of(const Value& value);

// Equal keys have equal texts (1, 1.0 and True are one key). Raises on lists and dicts.
std::string hash_key(const Value& value);

[[noreturn]] void raise_undefined(const Value& undefined);

}  // namespace slm::chat
