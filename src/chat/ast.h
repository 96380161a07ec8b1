// A parsed template. Expressions and statements are plain trees; what each kind keeps in its members stands beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "chat/value.h"

namespace slm::chat {

class Interpreter;
struct Arguments;
using FilterFunction = Value (*)(Interpreter&, const Value& subject, const Arguments&);
using TestFunction = bool (*)(Interpreter&, const Value& subject, const Arguments&);

enum class ExprKind : uint8_t {
  kConstant,   // constant
  kName,       // name
  kAttribute,  // [object].name; as a target: namespace `name`'s attribute `attribute`, no children
  kTuple,      // items
  kList,       // items
  kDict,       // key, value, key, value ...
  kItem,       // object, index
  kSlice,      // start, stop, step; each may be null
  kCall,       // callee, then arguments
  kFilter,     // subject (null in a filter block), then arguments; name
  kTest,       // subject, then arguments; name
  kNot,
  kNegative,
  kPositive,
  kBinary,     // left, right; operation
  kAnd,
  kOr,
  kCompare,    // first operand, then one for each of operations
  kConcat,     // two or more
  kCondition,  // test, then, else (may be null)
};

enum class Operation : uint8_t {
  kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower,
  kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn,
};

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct Expr {
  ExprKind kind;
  int line;
  uint32_t depth = 1;      // nodes on the longest way down
  std::string name;
  std::string attribute;
  Value constant;
  std::vector<ExprPtr> children;
  Operation operation{};
  std::vector<Operation> operations;

  // Arguments of a call, filter or test: children[1] on, in this order.
  size_t n_positional = 0;
  std::vector<std::string> keywords;  // names of the keyword arguments
  bool has_star = false, has_double_star = false;

  FilterFunction filter = nullptr;  // null: no such filter, an error if it is ever reached
  TestFunction test = nullptr;
};

enum class StmtKind : uint8_t {
  kText,      // text
  kPrint,     // values
  kSet,       // targets[0] = values[0]
  kSetBlock,  // targets[0] = body, through values[0] (a chain of filters) if there is one
  kFor,       // targets[0] in values[0], values[1]: the condition or null; body, otherwise; recursive
  kIf,        // values[i]: the conditions of branches[i]; otherwise
  kMacro,     // name, parameters, values: defaults of the last parameters; body
  kCallBlock, // parameters, values: defaults; call; body
  kFilterBlock,  // values[0], body
  kWith,      // targets[i] = values[i], body
  kScope,     // body in a scope of its own: {% generation %}, {% block %}
  kBreak,
  kContinue,
};

struct Stmt;
using Block = std::vector<std::unique_ptr<Stmt>>;

struct Stmt {
  StmtKind kind;
  int line;
  std::string name;
  Value text;
  std::vector<ExprPtr> targets, values;
  ExprPtr call;
  std::vector<Block> branches;
  Block body, otherwise;
  std::vector<std::string> parameters;
  bool recursive = false;
  bool uses_varargs = false, uses_kwargs = false, uses_caller = false;  // of a macro's body
};

}  // namespace slm::chat
