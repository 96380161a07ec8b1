#include "chat/interpreter.h"

#include <algorithm>

#include "chat/compare.h"
#include "chat/print.h"

namespace slm::chat {

void Scope::set(std::string_view name, Value value) {
  for (auto& [known, old] : variables) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  variables.emplace_back(name, std::move(value));
}

const Value* Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent.get()) {
    for (const auto& [known, value] : scope->variables) {
      if (known == name) return &value;
    }
  }
  return nullptr;
}

namespace {

std::shared_ptr<Scope> scope_in(const std::shared_ptr<Scope>& parent) {
  return std::make_shared<Scope>(Scope{parent, {}});
}

}  // namespace

MarkedText Interpreter::run(const Block& block) {
  MarkedText out;
  output_ = &out;
  run_block(block, std::make_shared<Scope>());
  return out;
}

Value Interpreter::string(MarkedText text, bool is_markup) {
  budget_.bytes(text.size());
  return Value::string(std::move(text), is_markup);
}

MarkedText Interpreter::to_text(const Value& value) { return chat::to_text(value, budget_); }

Value Interpreter::new_namespace(Dict attributes) {
  budget_.bytes(sizeof(Namespace));
  namespaces_.push_back(std::make_unique<Namespace>(Namespace{std::move(attributes)}));
  return Value::of(namespaces_.back().get());
}

void Interpreter::write(const MarkedText& text) {
  budget_.bytes(text.size());
  if (output_->size() + text.size() > limits::kTemplateMaxOutputBytes) {
    raise("chat.template_limit_bytes", limits::kTemplateMaxOutputBytes);
  }
  output_->append(text);
}

Flow Interpreter::run_block(const Block& block, const std::shared_ptr<Scope>& scope) {
  for (const auto& statement : block) {
    const Flow flow = run_statement(*statement, scope);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Flow Interpreter::run_statement(const Stmt& statement, const std::shared_ptr<Scope>& scope) {
  const Deeper deeper(*this);
  line_ = statement.line;
  switch (statement.kind) {
    case StmtKind::kText: write(statement.text.text()); return Flow::kNext;
    case StmtKind::kPrint: print(statement, scope); return Flow::kNext;
    case StmtKind::kSet:
      assign(*statement.targets[0], evaluate(*statement.values[0], scope), scope);
      return Flow::kNext;
    case StmtKind::kSetBlock: return run_set_block(statement, scope);
    case StmtKind::kFor: return run_for(statement, scope);
    case StmtKind::kIf: return run_if(statement, scope);
    case StmtKind::kMacro: scope->set(statement.name, Value::of(new_macro(statement, scope))); return Flow::kNext;
    case StmtKind::kCallBlock: run_call_block(statement, scope); return Flow::kNext;
    case StmtKind::kFilterBlock: return run_filter_block(statement, scope);
    case StmtKind::kWith: return run_with(statement, scope);
    case StmtKind::kScope: return run_block(statement.body, scope_in(scope));
    case StmtKind::kBreak: return Flow::kBreak;
    case StmtKind::kContinue: return Flow::kContinue;
  }
  return Flow::kNext;
}

void Interpreter::print(const Stmt& statement, const std::shared_ptr<Scope>& scope) {
  for (const ExprPtr& value : statement.values) write(to_text(evaluate(*value, scope)));
}

Flow Interpreter::run_if(const Stmt& statement, const std::shared_ptr<Scope>& scope) {
  for (size_t i = 0; i < statement.values.size(); ++i) {
    if (truthy(evaluate(*statement.values[i], scope))) return run_block(statement.branches[i], scope);
  }
  return run_block(statement.otherwise, scope);
}

// --- for ---

Loop& Interpreter::new_loop(const Stmt& statement, std::vector<Value> items, const std::shared_ptr<Scope>& scope,
                            int64_t depth0) {
  budget_.bytes(sizeof(Loop));
  loops_.push_back(std::make_unique<Loop>());
  Loop& loop = *loops_.back();
  loop.source = std::move(items);
  loop.has_test = statement.values[1] != nullptr;
  loop.statement = &statement;
  loop.scope = scope;
  loop.depth0 = depth0;
  return loop;
}

Flow Interpreter::run_for(const Stmt& statement, const std::shared_ptr<Scope>& scope) {
  Loop& loop = new_loop(statement, items_of(evaluate(*statement.values[0], scope), budget_), scope, 0);
  if (statement.recursive) {
    write(captured_loop(statement, loop));
  } else if (!run_loop(loop)) {
    return run_block(statement.otherwise, scope_in(scope));
  }
  return Flow::kNext;
}

bool Interpreter::run_loop(Loop& loop) {
  bool reached_end = false;
  while (advance(loop)) {
    budget_.step();
    const auto scope = scope_in(loop.scope);
    scope->set("loop", Value::of(&loop));
    assign(*loop.statement->targets[0], loop.current, scope);
    const Flow flow = run_block(loop.statement->body, scope);
    if (flow == Flow::kBreak) break;
    if (flow == Flow::kNext) reached_end = true;
  }
  loop.source.clear();
  loop.pending.clear();
  return reached_end;
}

MarkedText Interpreter::captured_loop(const Stmt& statement, Loop& loop) {
  MarkedText out;
  MarkedText* const outside = std::exchange(output_, &out);
  if (!run_loop(loop)) run_block(statement.otherwise, scope_in(loop.scope));
  output_ = outside;
  return out;
}

Value Interpreter::call_loop(const Loop& loop, const Arguments& arguments) {
  if (!loop.statement->recursive) raise("chat.template_not_callable", "loop");
  const Bound bound(arguments, "loop", {"iterable"}, 1);
  Loop& inner = new_loop(*loop.statement, items_of(*bound[0], budget_), loop.scope, loop.depth0 + 1);
  return string(captured_loop(*loop.statement, inner));
}

bool Interpreter::fetch(Loop& loop) {
  while (loop.next_in_source < loop.source.size()) {
    const Value item = loop.source[loop.next_in_source++];
    if (loop.has_test) {
      const auto scope = scope_in(loop.scope);
      assign(*loop.statement->targets[0], item, scope);
      if (!truthy(evaluate(*loop.statement->values[1], scope))) continue;
    }
    loop.pending.push_back(item);
    return true;
  }
  return false;
}

bool Interpreter::advance(Loop& loop) {
  if (loop.pending.empty() && !fetch(loop)) return false;
  loop.previous = std::move(loop.current);
  loop.current = std::move(loop.pending.front());
  loop.pending.pop_front();
  ++loop.index0;
  return true;
}

size_t Interpreter::loop_length(Loop& loop) {
  while (fetch(loop)) {
  }
  return static_cast<size_t>(loop.index0 + 1) + loop.pending.size();
}

Value Interpreter::loop_attribute(Loop& loop, std::string_view name) {
  const auto number = [](int64_t value) { return Value::integer(value); };
  if (name == "index") return number(loop.index0 + 1);
  if (name == "index0") return number(loop.index0);
  if (name == "first") return Value::boolean(loop.index0 == 0);
  if (name == "last") return Value::boolean(loop.pending.empty() && !fetch(loop));
  if (name == "length") return number(static_cast<int64_t>(loop_length(loop)));
  if (name == "revindex") return number(static_cast<int64_t>(loop_length(loop)) - loop.index0);
  if (name == "revindex0") return number(static_cast<int64_t>(loop_length(loop)) - loop.index0 - 1);
  if (name == "depth") return number(loop.depth0 + 1);
  if (name == "depth0") return number(loop.depth0);
  if (name == "previtem") {
    return loop.index0 == 0 ? Value::undefined(msg("chat.template_undefined", "loop.previtem")) : loop.previous;
  }
  if (name == "nextitem") {
    if (loop.pending.empty() && !fetch(loop)) return Value::undefined(msg("chat.template_undefined", "loop.nextitem"));
    return loop.pending.front();
  }
  if (name == "cycle") return Value::method(Value::of(&loop), "cycle");
  if (name == "changed") return Value::method(Value::of(&loop), "changed");
  return Value::undefined(msg("chat.template_no_attribute", "loop", name));
}

// --- capture ---

Flow Interpreter::run_captured(const Block& block, const std::shared_ptr<Scope>& scope, MarkedText& into) {
  MarkedText* const outside = std::exchange(output_, &into);
  const Flow flow = run_block(block, scope);
  output_ = outside;
  return flow;
}

Flow Interpreter::run_set_block(const Stmt& statement, const std::shared_ptr<Scope>& scope) {
  MarkedText text;
  const auto inner = scope_in(scope);
  const Flow flow = run_captured(statement.body, inner, text);
  if (flow != Flow::kNext) return flow;
  Value value = string(std::move(text));
  if (!statement.values.empty()) value = filtered(*statement.values[0], value, inner);
  assign(*statement.targets[0], value, scope);
  return Flow::kNext;
}

Flow Interpreter::run_filter_block(const Stmt& statement, const std::shared_ptr<Scope>& scope) {
  MarkedText text;
  const auto inner = scope_in(scope);
  const Flow flow = run_captured(statement.body, inner, text);
  if (flow != Flow::kNext) return flow;
  write(to_text(filtered(*statement.values[0], string(std::move(text)), inner)));
  return Flow::kNext;
}

Flow Interpreter::run_with(const Stmt& statement, const std::shared_ptr<Scope>& scope) {
  const auto inner = scope_in(scope);
  for (size_t i = 0; i < statement.targets.size(); ++i) {
    assign(*statement.targets[i], evaluate(*statement.values[i], scope), inner);
  }
  return run_block(statement.body, inner);
}

void Interpreter::assign(const Expr& target, const Value& value, const std::shared_ptr<Scope>& scope) {
  if (target.kind == ExprKind::kName) {
    scope->set(target.name, value);
  } else if (target.kind == ExprKind::kAttribute) {
    const Value space = lookup(target.name, *scope);
    if (!space.is(Kind::kNamespace)) raise("chat.template_not_namespace", target.name);
    if (target.attribute.starts_with('_')) raise("chat.template_refused", target.attribute);
    space.as_namespace().attributes.set(Value::literal(target.attribute), value);
  } else {
    if (!is_iterable(value)) raise("chat.template_not_iterable", type_name(value));
    const std::vector<Value> items = items_of(value, budget_);
    if (items.size() != target.children.size()) {
      raise("chat.template_unpack", target.children.size(), items.size());
    }
    for (size_t i = 0; i < items.size(); ++i) assign(*target.children[i], items[i], scope);
  }
}

// --- macros ---

Macro* Interpreter::new_macro(const Stmt& statement, const std::shared_ptr<Scope>& scope) {
  budget_.bytes(sizeof(Macro));
  macros_.push_back(std::make_unique<Macro>(Macro{&statement, scope}));
  return macros_.back().get();
}

void Interpreter::run_call_block(const Stmt& statement, const std::shared_ptr<Scope>& scope) {
  const Value caller = Value::of(new_macro(statement, scope));
  const Value callee = evaluate(*statement.call->children[0], scope);
  Arguments given = arguments(*statement.call, scope);
  given.named.emplace_back("caller", caller);
  write(to_text(call(callee, given)));
}

void Interpreter::bind_parameters(const Stmt& macro, const Arguments& given, const std::shared_ptr<Scope>& scope) {
  auto named = given.named;
  const auto take = [&](std::string_view name) -> std::optional<Value> {
    const auto found = std::find_if(named.begin(), named.end(), [&](const auto& entry) { return entry.first == name; });
    if (found == named.end()) return std::nullopt;
    Value value = std::move(found->second);
    named.erase(found);
    return value;
  };
  const size_t n = macro.parameters.size();
  const size_t first_default = n - macro.values.size();
  std::vector<std::optional<Value>> values(n);
  for (size_t i = 0; i < n; ++i) {
    values[i] = i < given.positional.size() ? std::optional(given.positional[i]) : take(macro.parameters[i]);
  }
  for (size_t i = 0; i < n; ++i) {
    const std::string& name = macro.parameters[i];
    if (values[i]) {
      scope->set(name, std::move(*values[i]));
    } else {
      scope->set(name, i >= first_default ? evaluate(*macro.values[i - first_default], scope)
                                          : Value::undefined(msg("chat.template_undefined", name)));
    }
  }
  const bool names_caller = std::find(macro.parameters.begin(), macro.parameters.end(), "caller") != macro.parameters.end();
  if (macro.uses_caller && !names_caller) {
    scope->set("caller", take("caller").value_or(Value::undefined(msg("chat.template_undefined", "caller"))));
  }
  if (macro.uses_kwargs) {
    Dict rest;
    for (auto& [name, value] : named) rest.set(Value::literal(std::string(name)), value);
    scope->set("kwargs", Value::dict(std::move(rest)));
  } else if (!named.empty()) {
    raise("chat.template_argument", macro.name);
  }
  if (macro.uses_varargs) {
    const auto begin = given.positional.begin() + static_cast<std::ptrdiff_t>(std::min(n, given.positional.size()));
    scope->set("varargs", Value::tuple(std::vector<Value>(begin, given.positional.end())));
  } else if (given.positional.size() > n) {
    raise("chat.template_argument", macro.name);
  }
}

Value Interpreter::call_macro(const Macro& macro, const Arguments& given) {
  const Deeper deeper(*this);
  const auto scope = scope_in(macro.closure);
  bind_parameters(*macro.statement, given, scope);
  MarkedText text;
  run_captured(macro.statement->body, scope, text);
  return string(std::move(text));
}

}  // namespace slm::chat
