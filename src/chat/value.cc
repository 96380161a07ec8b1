#include "chat/value.h"

#include <algorithm>
#include <cmath>

namespace slm::chat {
namespace {

constexpr size_t kMaxHashKeyBytes = limits::kTemplateMaxSourceBytes;

uint32_t checked_depth(uint32_t depth) {
  if (depth > limits::kTemplateMaxValueDepth) raise("chat.template_limit_depth", limits::kTemplateMaxValueDepth);
  return depth;
}

uint32_t depth_over(const std::vector<Value>& items) {
  uint32_t depth = 0;
  for (const Value& item : items) depth = std::max(depth, depth_of(item));
  return checked_depth(depth + 1);
}

}  // namespace

template <class T>
T& Value::object(Kind kind) const {
  SLM_CHECK(kind_ == kind && object_ != nullptr);
  return *static_cast<T*>(object_.get());
}

Value Value::boolean(bool b) {
  Value value;
  value.kind_ = Kind::kBool;
  value.scalar_.boolean = b;
  return value;
}

Value Value::integer(int64_t i) {
  Value value;
  value.kind_ = Kind::kInt;
  value.scalar_.integer = i;
  return value;
}

Value Value::real(double f) {
  Value value;
  value.kind_ = Kind::kFloat;
  value.scalar_.real = f;
  return value;
}

Value Value::string(MarkedText text, bool is_markup) {
  return Value(Kind::kString, std::make_shared<String>(String{std::move(text), is_markup}));
}

Value Value::list(std::vector<Value> items) {
  const uint32_t depth = depth_over(items);
  return Value(Kind::kList, std::make_shared<Sequence>(Sequence{std::move(items), depth, "list"}));
}

Value Value::tuple(std::vector<Value> items) {
  const uint32_t depth = depth_over(items);
  return Value(Kind::kTuple, std::make_shared<Sequence>(Sequence{std::move(items), depth, "tuple"}));
}

Value Value::view(const char* type_name, std::vector<Value> items) {
  const uint32_t depth = depth_over(items);
  return Value(Kind::kView, std::make_shared<Sequence>(Sequence{std::move(items), depth, type_name}));
}

Value Value::generator(Generator generator) {
  generator.depth = depth_over(generator.items);
  return Value(Kind::kGenerator, std::make_shared<Generator>(std::move(generator)));
}

Value Value::range(int64_t start, int64_t stop, int64_t step) {
  return Value(Kind::kRange, std::make_shared<IntegerRange>(IntegerRange{start, stop, step}));
}

Value Value::dict(Dict dict) { return Value(Kind::kDict, std::make_shared<Dict>(std::move(dict))); }

Value Value::method(Value self, std::string_view name) {
  checked_depth(depth_of(self) + 1);
  return Value(Kind::kMethod, std::make_shared<Method>(Method{std::move(self), name}));
}

Value Value::undefined(Message failure) {
  return Value(Kind::kUndefined, std::make_shared<Undefined>(Undefined{std::move(failure)}));
}

bool Value::as_bool() const {
  SLM_CHECK(kind_ == Kind::kBool);
  return scalar_.boolean;
}

int64_t Value::as_int() const {
  SLM_CHECK(is_integral());
  return kind_ == Kind::kBool ? static_cast<int64_t>(scalar_.boolean) : scalar_.integer;
}

double Value::as_double() const {
  return kind_ == Kind::kFloat ? scalar_.real : static_cast<double>(as_int());
}

const String& Value::as_string() const { return object<String>(Kind::kString); }
const MarkedText& Value::text() const { return as_string().text; }

const Sequence& Value::as_sequence() const {
  SLM_CHECK(kind_ == Kind::kList || kind_ == Kind::kTuple || kind_ == Kind::kView);
  return object<Sequence>(kind_);
}

const Dict& Value::as_dict() const { return object<Dict>(Kind::kDict); }
const IntegerRange& Value::as_range() const { return object<IntegerRange>(Kind::kRange); }
Generator& Value::as_generator() const { return object<Generator>(Kind::kGenerator); }
const Method& Value::as_method() const { return object<Method>(Kind::kMethod); }
const Undefined& Value::as_undefined() const { return object<Undefined>(Kind::kUndefined); }

Namespace& Value::as_namespace() const {
  SLM_CHECK(kind_ == Kind::kNamespace);
  return *static_cast<Namespace*>(scalar_.pointer);
}

Macro& Value::as_macro() const {
  SLM_CHECK(kind_ == Kind::kMacro);
  return *static_cast<Macro*>(scalar_.pointer);
}

Loop& Value::as_loop() const {
  SLM_CHECK(kind_ == Kind::kLoop);
  return *static_cast<Loop*>(scalar_.pointer);
}

const Function& Value::as_function() const {
  SLM_CHECK(kind_ == Kind::kFunction);
  return *static_cast<const Function*>(scalar_.pointer);
}

const void* Value::identity() const {
  switch (kind_) {
    case Kind::kNone:
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kFloat:
      return nullptr;
    case Kind::kNamespace:
    case Kind::kMacro:
    case Kind::kLoop:
    case Kind::kFunction:
      return scalar_.pointer;
    default:
      return object_.get();
  }
}

size_t IntegerRange::size() const {
  // In 128 bits: start and stop may lie at opposite ends.
  const auto wide = [](int64_t v) { return static_cast<__int128>(v); };
  const __int128 span = step > 0 ? wide(stop) - wide(start) : wide(start) - wide(stop);
  if (span <= 0) return 0;
  const __int128 stride = step > 0 ? wide(step) : -wide(step);
  return static_cast<size_t>((span + stride - 1) / stride);
}

std::optional<size_t> Dict::position(const std::string& hash) const {
  const auto found = index_.find(hash);
  return found == index_.end() ? std::nullopt : std::optional(found->second);
}

void Dict::set(const Value& key, Value value) {
  depth = std::max(depth, checked_depth(std::max(depth_of(key), depth_of(value)) + 1));
  const auto [entry, inserted] = index_.emplace(hash_key(key), items.size());
  if (inserted) {
    items.emplace_back(key, std::move(value));
  } else {
    items[entry->second].second = std::move(value);
  }
}

const Value* Dict::find(const Value& key) const {
  const auto at = position(hash_key(key));
  return at ? &items[*at].second : nullptr;
}

const Value* Dict::find(std::string_view key) const {
  std::string hash = "s";
  hash += key;
  const auto at = position(hash);
  return at ? &items[*at].second : nullptr;
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined: return "Undefined";
    case Kind::kNone: return "NoneType";
    case Kind::kBool: return "bool";
    case Kind::kInt: return "int";
    case Kind::kFloat: return "float";
    case Kind::kString: return value.as_string().is_markup ? "Markup" : "str";
    case Kind::kList: return "list";
    case Kind::kTuple: return "tuple";
    case Kind::kDict: return "dict";
    case Kind::kRange: return "range";
    case Kind::kView: return value.as_sequence().type_name;
    case Kind::kGenerator: return "generator";
    case Kind::kNamespace: return "Namespace";
    case Kind::kMacro: return "Macro";
    case Kind::kLoop: return "LoopContext";
    case Kind::kFunction: return "function";
    case Kind::kMethod: return "method";
  }
  return "";
}

bool truthy(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool: return value.as_bool();
    case Kind::kInt: return value.as_int() != 0;
    case Kind::kFloat: return value.as_double() != 0.0;
    case Kind::kString: return !value.text().empty();
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
      return !value.as_sequence().items.empty();
    case Kind::kDict: return !value.as_dict().items.empty();
    case Kind::kRange: return value.as_range().size() != 0;
    default: return true;
  }
}

uint32_t depth_of(const Value& value) {
  switch (value.kind()) {
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
      return value.as_sequence().depth;
    case Kind::kDict: return value.as_dict().depth;
    case Kind::kGenerator: return value.as_generator().depth;
    case Kind::kMethod: return depth_of(value.as_method().self) + 1;
    default: return 0;
  }
}

std::string hash_key(const Value& value) {
  switch (value.kind()) {
    case Kind::kString: return "s" + value.bytes();
    case Kind::kBool:
    case Kind::kInt:
      return fmt::format("i{}", value.as_int());
    case Kind::kFloat: {
      const double f = value.as_double();
      if (std::floor(f) == f && std::abs(f) < 9.2e18) return fmt::format("i{}", static_cast<int64_t>(f));
      return fmt::format("f{}", f);
    }
    case Kind::kNone: return "n";
    case Kind::kTuple: {
      std::string key = "t";
      for (const Value& item : value.as_sequence().items) {
        const std::string part = hash_key(item);
        key += fmt::format("{}:", part.size());
        key += part;
        // A tuple that holds a tuple twice, that holds a tuple twice ... would double at every level.
        if (key.size() > kMaxHashKeyBytes) raise("chat.template_limit_bytes", kMaxHashKeyBytes);
      }
      return key;
    }
    case Kind::kUndefined: return "u";
    case Kind::kList:
    case Kind::kDict:
      raise("chat.template_unhashable", type_name(value));
    default: return fmt::format("p{}", value.identity());
  }
}

void raise_undefined(const Value& undefined) { throw Failure{undefined.as_undefined().failure}; }

}  // namespace slm::chat
