// The Interpreter's expressions.
#include <algorithm>

#include "chat/compare.h"
#include "chat/globals.h"
#include "chat/interpreter.h"
#include "chat/methods.h"
#include "chat/operators.h"

namespace slm::chat {

Value Interpreter::evaluate(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  const Deeper deeper(*this);
  line_ = expr.line;
  return evaluate_here(expr, scope);
}

Value Interpreter::evaluate_here(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  const auto child = [&](size_t i) { return evaluate(*expr.children[i], scope); };
  switch (expr.kind) {
    case ExprKind::kConstant: return expr.constant;
    case ExprKind::kName: return lookup(expr.name, *scope);
    case ExprKind::kAttribute: return attribute(child(0), expr.name);
    case ExprKind::kTuple: return Value::tuple(evaluate_all(expr.children, scope));
    case ExprKind::kList: return Value::list(evaluate_all(expr.children, scope));
    case ExprKind::kDict: return dict(expr, scope);
    case ExprKind::kItem: return subscript(expr, scope);
    case ExprKind::kSlice: raise("chat.template_argument", "slice");
    case ExprKind::kCall: {
      const Value callee = child(0);
      return call(callee, arguments(expr, scope));
    }
    case ExprKind::kFilter: return filtered(expr, Value::none(), scope);
    case ExprKind::kTest: {
      if (expr.test == nullptr) raise("chat.template_unknown_test", expr.name);
      const Value subject = child(0);
      return Value::boolean(expr.test(*this, subject, arguments(expr, scope)));
    }
    case ExprKind::kNot: return Value::boolean(!truthy(child(0)));
    case ExprKind::kNegative: return negative(child(0));
    case ExprKind::kPositive: return positive(child(0));
    case ExprKind::kBinary: {
      const Value left = child(0);
      return arithmetic(expr.operation, left, child(1), budget_);
    }
    case ExprKind::kAnd: {
      Value left = child(0);
      return truthy(left) ? child(1) : left;
    }
    case ExprKind::kOr: {
      Value left = child(0);
      return truthy(left) ? left : child(1);
    }
    case ExprKind::kCompare: return compare(expr, scope);
    case ExprKind::kConcat: return concat(expr, scope);
    case ExprKind::kCondition: return condition(expr, scope);
  }
  return Value::none();
}

Value Interpreter::lookup(std::string_view name, const Scope& scope) {
  if (const Value* value = scope.find(name)) return *value;
  if (const Value* value = context_.find(name)) return *value;
  if (const Function* function = find_global(name)) return Value::of(function);
  return Value::undefined(msg("chat.template_undefined", name));
}

std::vector<Value> Interpreter::evaluate_all(const std::vector<ExprPtr>& exprs, const std::shared_ptr<Scope>& scope) {
  budget_.items(exprs.size());
  std::vector<Value> out;
  out.reserve(exprs.size());
  for (const ExprPtr& expr : exprs) out.push_back(evaluate(*expr, scope));
  return out;
}

Value Interpreter::dict(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  budget_.items(expr.children.size());
  Dict out;
  for (size_t i = 0; i + 1 < expr.children.size(); i += 2) {
    const Value key = evaluate(*expr.children[i], scope);
    out.set(key, evaluate(*expr.children[i + 1], scope));
  }
  return Value::dict(std::move(out));
}

bool Interpreter::holds(Operation operation, const Value& left, const Value& right) {
  switch (operation) {
    case Operation::kEqual: return equal(left, right, budget_);
    case Operation::kNotEqual: return !equal(left, right, budget_);
    case Operation::kLess: return less(left, right, budget_);
    case Operation::kGreater: return less(right, left, budget_);
    case Operation::kLessEqual: return less(left, right, budget_) || equal(left, right, budget_);
    case Operation::kGreaterEqual: return less(right, left, budget_) || equal(left, right, budget_);
    case Operation::kIn: return contains(right, left, budget_);
    default: return !contains(right, left, budget_);
  }
}

Value Interpreter::compare(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  Value left = evaluate(*expr.children[0], scope);
  for (size_t i = 0; i < expr.operations.size(); ++i) {
    Value right = evaluate(*expr.children[i + 1], scope);
    if (!holds(expr.operations[i], left, right)) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Interpreter::concat(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  MarkedText out;
  for (const ExprPtr& part : expr.children) {
    const MarkedText text = to_text(evaluate(*part, scope));
    budget_.bytes(out.size() + text.size());
    out.append(text);
  }
  return string(std::move(out));
}

Value Interpreter::condition(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  if (truthy(evaluate(*expr.children[0], scope))) return evaluate(*expr.children[1], scope);
  if (expr.children[2] != nullptr) return evaluate(*expr.children[2], scope);
  return Value::undefined(msg("chat.template_no_else"));
}

Value Interpreter::subscript(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  const Value object = evaluate(*expr.children[0], scope);
  const Expr& index = *expr.children[1];
  if (index.kind == ExprKind::kSlice) return slice(object, index, scope);
  return item(object, evaluate(index, scope));
}

Value Interpreter::slice(const Value& object, const Expr& bounds, const std::shared_ptr<Scope>& scope) {
  const auto bound = [&](size_t i) -> std::optional<int64_t> {
    if (bounds.children[i] == nullptr) return std::nullopt;
    const Value value = evaluate(*bounds.children[i], scope);
    if (value.is_none()) return std::nullopt;
    if (!value.is_integral()) raise("chat.template_argument", "slice");
    return value.as_int();
  };
  SliceBounds range;
  range.start = bound(0);
  range.stop = bound(1);
  range.step = bound(2);
  if (object.is_undefined()) raise_undefined(object);
  if (!object.is_string() && !object.is_sequence() && !object.is(Kind::kRange)) {
    raise("chat.template_operands", "[:]", type_name(object), "int");
  }
  return slice_of(object, range, budget_);
}

Arguments Interpreter::arguments(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  Arguments out;
  size_t next = 1;
  for (size_t i = 0; i < expr.n_positional; ++i) out.positional.push_back(evaluate(*expr.children[next++], scope));
  for (const std::string& name : expr.keywords) out.named.emplace_back(name, evaluate(*expr.children[next++], scope));
  if (expr.has_star) {
    for (Value& value : items_of(evaluate(*expr.children[next++], scope), budget_)) {
      out.positional.push_back(std::move(value));
    }
  }
  if (expr.has_double_star) {
    const Value more = evaluate(*expr.children[next], scope);
    if (!more.is(Kind::kDict)) raise("chat.template_argument", "**");
    budget_.items(more.as_dict().items.size());
    for (const auto& [key, value] : more.as_dict().items) {
      if (!key.is_string()) raise("chat.template_argument", "**");
      const auto same = [&, &name = key](const auto& entry) { return entry.first == name.bytes(); };
      if (std::any_of(out.named.begin(), out.named.end(), same)) raise("chat.template_argument", key.bytes());
      kept_.push_back(key);  // the name must outlive the dict
      out.named.emplace_back(key.bytes(), value);
    }
  }
  return out;
}

Value Interpreter::filtered(const Expr& expr, const Value& subject, const std::shared_ptr<Scope>& scope) {
  if (expr.filter == nullptr) raise("chat.template_unknown_filter", expr.name);
  const Expr* inner = expr.children[0].get();
  // A chain without a value at its end (of a filter block or a block set) ends in a null.
  Value value = inner == nullptr                       ? subject
                : inner->kind == ExprKind::kFilter ? filtered(*inner, subject, scope)
                                                       : evaluate(*inner, scope);
  const Arguments given = arguments(expr, scope);
  line_ = expr.line;
  budget_.step();
  return expr.filter(*this, value, given);
}

Value Interpreter::call(const Value& callee, const Arguments& given) {
  switch (callee.kind()) {
    case Kind::kUndefined: raise_undefined(callee);
    case Kind::kMacro: return call_macro(callee.as_macro(), given);
    case Kind::kLoop: return call_loop(callee.as_loop(), given);
    case Kind::kFunction: return callee.as_function().call(*this, given);
    case Kind::kMethod: return call_method(*this, callee.as_method(), given);
    default: raise("chat.template_not_callable", type_name(callee));
  }
}

Value Interpreter::attribute(const Value& object, std::string_view name) {
  if (object.is_undefined()) raise_undefined(object);
  if (object.is(Kind::kLoop)) return loop_attribute(object.as_loop(), name);
  if (object.is(Kind::kNamespace)) {
    const Value* value = object.as_namespace().attributes.find(name);
    if (value != nullptr && !name.starts_with('_')) return *value;
    return Value::undefined(msg("chat.template_no_attribute", type_name(object), name));
  }
  if (const std::optional<Value> method = find_method(object, name)) return *method;
  if (object.is(Kind::kDict)) {
    if (const Value* value = object.as_dict().find(name)) return *value;
  }
  return Value::undefined(msg("chat.template_no_attribute", type_name(object), name));
}

Value Interpreter::item(const Value& object, const Value& index) {
  if (object.is_undefined()) raise_undefined(object);
  if (object.is(Kind::kDict) && !index.is(Kind::kList) && !index.is(Kind::kDict)) {
    if (const Value* value = object.as_dict().find(index)) return *value;
  }
  if (index.is_integral() && (object.is_string() || object.is_sequence() || object.is(Kind::kRange))) {
    const auto length = static_cast<int64_t>(length_of(object, budget_));
    const int64_t at = index.as_int() < 0 ? index.as_int() + length : index.as_int();
    if (at >= 0 && at < length) {
      if (object.is_sequence()) return object.as_sequence().items[static_cast<size_t>(at)];
      if (object.is(Kind::kRange)) return Value::integer(object.as_range().at(static_cast<size_t>(at)));
      return slice_of(object, {at, at + 1, std::nullopt}, budget_);
    }
  }
  if (index.is_string() && !object.is(Kind::kDict)) return attribute(object, index.bytes());
  if (index.is_string()) {
    if (const std::optional<Value> method = find_method(object, index.bytes())) return *method;
  }
  return Value::undefined(msg("chat.template_no_attribute", type_name(object), to_text(index).bytes()));
}

}  // namespace slm::chat
