// Walks the tree of a template and builds the prompt. One Interpreter renders once.
#pragma once

#include <ctime>
#include <deque>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/ast.h"
#include "chat/value.h"

namespace slm::chat {

// What a call, filter or test was given.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> named;
};

// Arguments matched to parameter names, as Python matches them. Raises on too many, unknown or doubled ones, and on fewer
// than `required`.
class Bound {
 public:
  Bound(const Arguments& arguments, std::string_view callee, std::initializer_list<std::string_view> parameters,
        size_t required = 0);
  // The argument for the i-th parameter, or nullptr.
  const Value* operator[](size_t i) const { return values_[i]; }
  bool flag(size_t i, bool otherwise = false) const { return values_[i] == nullptr ? otherwise : truthy(*values_[i]); }
  // nullptr for an absent argument and for None.
  const Value* given(size_t i) const {
    return values_[i] == nullptr || values_[i]->is_none() ? nullptr : values_[i];
  }
  int64_t integer(size_t i, int64_t otherwise) const;  // raises when it is none
  const MarkedText& text(size_t i) const;              // raises when it is no string

 private:
  std::string_view callee_;
  std::vector<const Value*> values_;
};

// Variables of a stretch of the template. Names point into the tree or at literals.
struct Scope {
  std::shared_ptr<Scope> parent;
  std::vector<std::pair<std::string_view, Value>> variables;

  void set(std::string_view name, Value value);
  const Value* find(std::string_view name) const;  // here and in the parents
};

// A macro and the scope it was written in.
struct Macro {
  const Stmt* statement;
  std::shared_ptr<Scope> closure;
};

// A global function.
struct Function {
  std::string_view name;
  Value (*call)(Interpreter&, const Arguments&);
};

// The `loop` of a for statement. Items of `for ... if` are tested as they are reached, since the test may read a namespace
// that the body changes.
struct Loop {
  std::vector<Value> source;
  size_t next_in_source = 0;
  std::deque<Value> pending;    // tested, not yet reached
  int64_t index0 = -1;
  Value previous, current;
  bool has_test = false;
  const Stmt* statement = nullptr;
  std::shared_ptr<Scope> scope;  // the one around the statement
  int64_t depth0 = 0;
  std::vector<Value> last_changed;
  bool has_last_changed = false;
};

enum class Flow : uint8_t { kNext, kBreak, kContinue };

class Interpreter {
 public:
  // `context`: the template's variables. `now` is what strftime_now() shows.
  Interpreter(const Dict& context, const std::tm& now) : context_(context), now_(now) {}

  // Raises Failure; line() is then where it happened.
  MarkedText run(const Block& block);
  int line() const { return line_; }

  Budget& budget() { return budget_; }
  const std::tm& now() const { return now_; }

  Value call(const Value& callee, const Arguments& arguments);
  Value attribute(const Value& object, std::string_view name);  // object.name
  Value item(const Value& object, const Value& index);          // object[index]
  Value new_namespace(Dict attributes);

  // A new string; its bytes count.
  Value string(MarkedText text, bool is_markup = false);
  MarkedText to_text(const Value& value);

 private:
  // One level deeper for as long as it lives, and one step.
  struct Deeper {
    explicit Deeper(Interpreter& of) : interpreter(of) {
      of.budget_.step();
      if (of.recursion_ >= limits::kTemplateMaxRecursion) raise("chat.template_limit_depth", limits::kTemplateMaxRecursion);
      ++of.recursion_;
    }
    ~Deeper() { --interpreter.recursion_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    Interpreter& interpreter;
  };

  Flow run_block(const Block& block, const std::shared_ptr<Scope>& scope);
  Flow run_statement(const Stmt& statement, const std::shared_ptr<Scope>& scope);
  void print(const Stmt& statement, const std::shared_ptr<Scope>& scope);
  void write(const MarkedText& text);
  Flow run_if(const Stmt& statement, const std::shared_ptr<Scope>& scope);
  Flow run_for(const Stmt& statement, const std::shared_ptr<Scope>& scope);
  // Runs the body over the items; true when one pass reached its end (else the statement's `else` runs, as in jinja2).
  bool run_loop(Loop& loop);
  Loop& new_loop(const Stmt& statement, std::vector<Value> items, const std::shared_ptr<Scope>& scope, int64_t depth0);
  bool fetch(Loop& loop);    // one more pending item; false at the end
  bool advance(Loop& loop);
  Flow run_captured(const Block& block, const std::shared_ptr<Scope>& scope, MarkedText& into);
  Flow run_set_block(const Stmt& statement, const std::shared_ptr<Scope>& scope);
  Flow run_filter_block(const Stmt& statement, const std::shared_ptr<Scope>& scope);
  void run_call_block(const Stmt& statement, const std::shared_ptr<Scope>& scope);
  Flow run_with(const Stmt& statement, const std::shared_ptr<Scope>& scope);
  void assign(const Expr& target, const Value& value, const std::shared_ptr<Scope>& scope);

  Value evaluate(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Value evaluate_here(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Value lookup(std::string_view name, const Scope& scope);
  bool holds(Operation operation, const Value& left, const Value& right);
  Value compare(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Value concat(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Value condition(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Value dict(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Value subscript(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Value slice(const Value& object, const Expr& bounds, const std::shared_ptr<Scope>& scope);
  std::vector<Value> evaluate_all(const std::vector<ExprPtr>& exprs, const std::shared_ptr<Scope>& scope);
  Arguments arguments(const Expr& expr, const std::shared_ptr<Scope>& scope);
  // `expr`'s filters applied to `subject`, which stands for the null at their end.
  Value filtered(const Expr& expr, const Value& subject, const std::shared_ptr<Scope>& scope);

  Macro* new_macro(const Stmt& statement, const std::shared_ptr<Scope>& scope);
  Value call_macro(const Macro& macro, const Arguments& arguments);
  void bind_parameters(const Stmt& macro, const Arguments& arguments, const std::shared_ptr<Scope>& scope);
  MarkedText captured_loop(const Stmt& statement, Loop& loop);
  Value call_loop(const Loop& loop, const Arguments& arguments);
  Value loop_attribute(Loop& loop, std::string_view name);
  size_t loop_length(Loop& loop);

  const Dict& context_;
  std::tm now_;
  Budget budget_;
  int line_ = 1;
  uint32_t recursion_ = 0;
  MarkedText* output_ = nullptr;
  // What may point at one another lives as long as the rendering.
  std::vector<std::unique_ptr<Namespace>> namespaces_;
  std::vector<std::unique_ptr<Macro>> macros_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<Value> kept_;  // strings that names of arguments point into
};

}  // namespace slm::chat
