#include "chat/expression_parser.h"

#include <algorithm>

#include "chat/filters.h"
#include "chat/predicates.h"

namespace slm::chat {

Token TokenStream::expect(TokenType type, std::string_view what) {
  if (current().type != type) raise_at(current().line, "chat.template_expected", what, describe(current()));
  return next();
}

void TokenStream::expect_operator(std::string_view text) {
  if (!at_operator(text)) raise_at(current().line, "chat.template_expected", text, describe(current()));
  next();
}

void TokenStream::expect_word(std::string_view word) {
  if (!at_word(word)) raise_at(current().line, "chat.template_expected", word, describe(current()));
  next();
}

SpecialNames ExpressionParser::end_macro(const SpecialNames& outside) {
  const SpecialNames used = names_;
  names_ = {outside.varargs || used.varargs, outside.kwargs || used.kwargs, outside.caller || used.caller};
  return used;
}

ExprPtr ExpressionParser::make(ExprKind kind, int line) const {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->line = line;
  return expr;
}

ExprPtr ExpressionParser::make(ExprKind kind, int line, ExprPtr first, ExprPtr second) const {
  ExprPtr expr = make(kind, line);
  adopt(*expr, std::move(first));
  if (second != nullptr) adopt(*expr, std::move(second));
  return expr;
}

void ExpressionParser::adopt(Expr& parent, ExprPtr child) {
  if (child != nullptr) {
    parent.depth = std::max(parent.depth, child->depth + 1);
    if (parent.depth > limits::kTemplateMaxExpressionDepth) {
      raise_at(parent.line, "chat.template_too_deep", limits::kTemplateMaxExpressionDepth);
    }
  }
  parent.children.push_back(std::move(child));
}

ExprPtr ExpressionParser::expression(bool with_condition) {
  if (!with_condition) return or_expression();
  const int line = tokens_.current().line;
  const Nesting nesting(*this, line);
  ExprPtr value = or_expression();
  while (tokens_.skip_word("if")) {
    ExprPtr condition = make(ExprKind::kCondition, line, or_expression());
    adopt(*condition, std::move(value));
    adopt(*condition, tokens_.skip_word("else") ? expression() : nullptr);
    value = std::move(condition);
  }
  return value;
}

ExprPtr ExpressionParser::or_expression() {
  ExprPtr left = and_expression();
  while (tokens_.at_word("or")) {
    const int line = tokens_.next().line;
    left = make(ExprKind::kOr, line, std::move(left), and_expression());
  }
  return left;
}

ExprPtr ExpressionParser::and_expression() {
  ExprPtr left = not_expression();
  while (tokens_.at_word("and")) {
    const int line = tokens_.next().line;
    left = make(ExprKind::kAnd, line, std::move(left), not_expression());
  }
  return left;
}

ExprPtr ExpressionParser::not_expression() {
  if (!tokens_.at_word("not")) return comparison();
  const int line = tokens_.next().line;
  const Nesting nesting(*this, line);
  return make(ExprKind::kNot, line, not_expression());
}

bool ExpressionParser::comparison_operation(Operation& operation) {
  static constexpr std::pair<std::string_view, Operation> kOperations[] = {
      {"==", Operation::kEqual},     {"!=", Operation::kNotEqual}, {"<", Operation::kLess},
      {"<=", Operation::kLessEqual}, {">", Operation::kGreater},   {">=", Operation::kGreaterEqual}};
  for (const auto& [text, known] : kOperations) {
    if (tokens_.skip_operator(text)) {
      operation = known;
      return true;
    }
  }
  if (tokens_.skip_word("in")) {
    operation = Operation::kIn;
    return true;
  }
  if (tokens_.at_word("not") && TokenStream::is(tokens_.look(), TokenType::kName, "in")) {
    tokens_.next();
    tokens_.next();
    operation = Operation::kNotIn;
    return true;
  }
  return false;
}

ExprPtr ExpressionParser::comparison() {
  const int line = tokens_.current().line;
  ExprPtr first = sum();
  Operation operation{};
  if (!comparison_operation(operation)) return first;
  ExprPtr compare = make(ExprKind::kCompare, line, std::move(first));
  do {
    compare->operations.push_back(operation);
    adopt(*compare, sum());
  } while (comparison_operation(operation));
  return compare;
}

ExprPtr ExpressionParser::left_chain(ExprPtr (ExpressionParser::*operand)(),
                                     std::initializer_list<std::pair<std::string_view, Operation>> operations) {
  ExprPtr left = (this->*operand)();
  for (;;) {
    const auto* found = std::find_if(operations.begin(), operations.end(),
                                     [&](const auto& entry) { return tokens_.at_operator(entry.first); });
    if (found == operations.end()) return left;
    const int line = tokens_.next().line;
    left = make(ExprKind::kBinary, line, std::move(left), (this->*operand)());
    left->operation = found->second;
  }
}

ExprPtr ExpressionParser::sum() {
  return left_chain(&ExpressionParser::concatenation, {{"+", Operation::kAdd}, {"-", Operation::kSubtract}});
}

ExprPtr ExpressionParser::concatenation() {
  const int line = tokens_.current().line;
  ExprPtr first = product();
  if (!tokens_.at_operator("~")) return first;
  ExprPtr concat = make(ExprKind::kConcat, line, std::move(first));
  while (tokens_.skip_operator("~")) adopt(*concat, product());
  return concat;
}

ExprPtr ExpressionParser::product() {
  return left_chain(&ExpressionParser::power, {{"*", Operation::kMultiply},
                                               {"/", Operation::kDivide},
                                               {"//", Operation::kFloorDivide},
                                               {"%", Operation::kModulo}});
}

ExprPtr ExpressionParser::power() { return left_chain(&ExpressionParser::unary, {{"**", Operation::kPower}}); }

ExprPtr ExpressionParser::unary() { return signed_operand(/*with_filters=*/true); }

ExprPtr ExpressionParser::signed_operand(bool with_filters) {
  ExprPtr expr;
  if (tokens_.at_operator("-") || tokens_.at_operator("+")) {
    const Token sign = tokens_.next();
    const Nesting nesting(*this, sign.line);
    expr = make(sign.text == "-" ? ExprKind::kNegative : ExprKind::kPositive, sign.line, signed_operand(false));
  } else {
    expr = primary();
  }
  expr = postfix(std::move(expr));
  return with_filters ? filters_and_tests(std::move(expr)) : std::move(expr);
}

ExprPtr ExpressionParser::name_or_constant(bool with_namespace) {
  const Token token = tokens_.next();
  const std::string& word = token.text;
  ExprPtr expr = make(ExprKind::kConstant, token.line);
  if (word == "true" || word == "True" || word == "false" || word == "False") {
    expr->constant = Value::boolean(word[0] == 't' || word[0] == 'T');
    return expr;
  }
  if (word == "none" || word == "None") return expr;
  if (with_namespace && tokens_.at_operator(".")) {
    tokens_.next();
    expr->kind = ExprKind::kAttribute;
    expr->name = word;
    expr->attribute = tokens_.expect(TokenType::kName, "name").text;
    return expr;
  }
  expr->kind = ExprKind::kName;
  expr->name = word;
  names_.varargs = names_.varargs || word == "varargs";
  names_.kwargs = names_.kwargs || word == "kwargs";
  names_.caller = names_.caller || word == "caller";
  return expr;
}

ExprPtr ExpressionParser::primary(bool with_namespace) {
  const Token& token = tokens_.current();
  const int line = token.line;
  switch (token.type) {
    case TokenType::kName: return name_or_constant(with_namespace);
    case TokenType::kString: {
      ExprPtr expr = make(ExprKind::kConstant, line);
      std::string text;
      while (tokens_.current().type == TokenType::kString) text += tokens_.next().text;
      expr->constant = Value::literal(std::move(text));
      return expr;
    }
    case TokenType::kInteger:
    case TokenType::kFloat: {
      ExprPtr expr = make(ExprKind::kConstant, line);
      expr->constant = token.type == TokenType::kInteger ? Value::integer(token.integer) : Value::real(token.real);
      tokens_.next();
      return expr;
    }
    default: break;
  }
  if (tokens_.skip_operator("(")) {
    ExprPtr expr = tuple_of(false, true, {}, /*in_brackets=*/true, false);
    tokens_.expect_operator(")");
    return expr;
  }
  if (tokens_.at_operator("[")) return list();
  if (tokens_.at_operator("{")) return dict();
  raise_at(line, "chat.template_syntax", describe(token));
}

bool ExpressionParser::at_tuple_end(std::string_view end_word) const {
  const TokenType type = tokens_.current().type;
  return type == TokenType::kVariableEnd || type == TokenType::kBlockEnd || tokens_.at_operator(")") ||
         (!end_word.empty() && tokens_.at_word(end_word));
}

ExprPtr ExpressionParser::tuple_of(bool simple, bool with_condition, std::string_view end_word, bool in_brackets,
                                   bool with_namespace) {
  ExprPtr items = make(ExprKind::kTuple, tokens_.current().line);
  bool is_tuple = false;
  for (;;) {
    if (!items->children.empty()) tokens_.expect_operator(",");
    if (at_tuple_end(end_word)) break;
    adopt(*items, simple ? primary(with_namespace) : expression(with_condition));
    if (!tokens_.at_operator(",")) break;
    is_tuple = true;
  }
  if (is_tuple) return items;
  if (!items->children.empty()) return std::move(items->children[0]);
  if (!in_brackets) raise_at(items->line, "chat.template_syntax", describe(tokens_.current()));
  return items;
}

ExprPtr ExpressionParser::tuple(bool with_condition, std::string_view end_word) {
  return tuple_of(false, with_condition, end_word, false, false);
}

ExprPtr ExpressionParser::target(std::string_view end_word, bool with_namespace) {
  ExprPtr out = tuple_of(true, true, end_word, false, with_namespace);
  check_target(*out);
  return out;
}

void ExpressionParser::check_target(const Expr& expr) const {
  if (expr.kind == ExprKind::kName || (expr.kind == ExprKind::kAttribute && expr.children.empty())) return;
  if (expr.kind != ExprKind::kTuple) raise_at(expr.line, "chat.template_cannot_assign", "=");
  for (const ExprPtr& child : expr.children) check_target(*child);
}

ExprPtr ExpressionParser::list() {
  ExprPtr out = make(ExprKind::kList, tokens_.next().line);
  while (!tokens_.at_operator("]")) {
    if (!out->children.empty()) tokens_.expect_operator(",");
    if (tokens_.at_operator("]")) break;
    adopt(*out, expression());
  }
  tokens_.expect_operator("]");
  return out;
}

ExprPtr ExpressionParser::dict() {
  ExprPtr out = make(ExprKind::kDict, tokens_.next().line);
  while (!tokens_.at_operator("}")) {
    if (!out->children.empty()) tokens_.expect_operator(",");
    if (tokens_.at_operator("}")) break;
    adopt(*out, expression());
    tokens_.expect_operator(":");
    adopt(*out, expression());
  }
  tokens_.expect_operator("}");
  return out;
}

ExprPtr ExpressionParser::postfix(ExprPtr expr) {
  for (;;) {
    if (tokens_.at_operator(".") || tokens_.at_operator("[")) {
      expr = subscript(std::move(expr));
    } else if (tokens_.at_operator("(")) {
      expr = call(std::move(expr));
    } else {
      return expr;
    }
  }
}

ExprPtr ExpressionParser::filters_and_tests(ExprPtr expr) {
  for (;;) {
    if (tokens_.at_operator("|")) {
      expr = filters(std::move(expr));
    } else if (tokens_.at_word("is")) {
      expr = test(std::move(expr));
    } else if (tokens_.at_operator("(")) {
      expr = call(std::move(expr));
    } else {
      return expr;
    }
  }
}

ExprPtr ExpressionParser::subscript(ExprPtr object) {
  const Token token = tokens_.next();
  if (token.text == ".") {
    const Token name = tokens_.next();
    if (name.type == TokenType::kName) {
      ExprPtr out = make(ExprKind::kAttribute, token.line, std::move(object));
      out->name = name.text;
      return out;
    }
    if (name.type != TokenType::kInteger) raise_at(name.line, "chat.template_expected", "name", describe(name));
    ExprPtr index = make(ExprKind::kConstant, name.line);
    index->constant = Value::integer(name.integer);
    return make(ExprKind::kItem, token.line, std::move(object), std::move(index));
  }
  ExprPtr indexes = make(ExprKind::kTuple, token.line);
  while (!tokens_.at_operator("]")) {
    if (!indexes->children.empty()) tokens_.expect_operator(",");
    adopt(*indexes, index_or_slice());
  }
  tokens_.expect_operator("]");
  ExprPtr index = indexes->children.size() == 1 ? std::move(indexes->children[0]) : std::move(indexes);
  return make(ExprKind::kItem, token.line, std::move(object), std::move(index));
}

ExprPtr ExpressionParser::index_or_slice() {
  const int line = tokens_.current().line;
  ExprPtr start;
  if (!tokens_.at_operator(":")) {
    start = expression();
    if (!tokens_.at_operator(":")) return start;
  }
  tokens_.expect_operator(":");
  ExprPtr slice = make(ExprKind::kSlice, line);
  const auto bound = [&]() -> ExprPtr {
    const bool absent = tokens_.at_operator(":") || tokens_.at_operator("]") || tokens_.at_operator(",");
    return absent ? nullptr : expression();
  };
  adopt(*slice, std::move(start));
  adopt(*slice, bound());
  adopt(*slice, tokens_.skip_operator(":") ? bound() : nullptr);
  return slice;
}

void ExpressionParser::arguments(Expr& out) {
  const int line = tokens_.current().line;
  tokens_.expect_operator("(");
  ExprPtr star, double_star;
  std::vector<ExprPtr> keyword_values;
  bool first = true;
  const auto in_order = [&](bool condition) {
    if (!condition) raise_at(line, "chat.template_syntax", describe(tokens_.current()));
  };
  while (!tokens_.at_operator(")")) {
    if (!first) tokens_.expect_operator(",");
    if (!first && tokens_.at_operator(")")) break;
    first = false;
    if (tokens_.skip_operator("*")) {
      in_order(star == nullptr && double_star == nullptr);
      star = expression();
    } else if (tokens_.skip_operator("**")) {
      in_order(double_star == nullptr);
      double_star = expression();
    } else if (tokens_.current().type == TokenType::kName &&
               TokenStream::is(tokens_.look(), TokenType::kOperator, "=")) {
      in_order(double_star == nullptr);
      const std::string name = tokens_.next().text;
      if (std::find(out.keywords.begin(), out.keywords.end(), name) != out.keywords.end()) {
        raise_at(line, "chat.template_argument", name);
      }
      out.keywords.push_back(name);
      tokens_.next();
      keyword_values.push_back(expression());
    } else {
      in_order(star == nullptr && double_star == nullptr && out.keywords.empty());
      adopt(out, expression());
      ++out.n_positional;
    }
  }
  tokens_.expect_operator(")");
  for (ExprPtr& value : keyword_values) adopt(out, std::move(value));
  out.has_star = star != nullptr;
  if (star != nullptr) adopt(out, std::move(star));
  out.has_double_star = double_star != nullptr;
  if (double_star != nullptr) adopt(out, std::move(double_star));
}

ExprPtr ExpressionParser::call(ExprPtr callee) {
  ExprPtr out = make(ExprKind::kCall, tokens_.current().line, std::move(callee));
  arguments(*out);
  return out;
}

ExprPtr ExpressionParser::filters(ExprPtr subject, bool already_past_bar) {
  while (already_past_bar || tokens_.skip_operator("|")) {
    already_past_bar = false;
    const Token name = tokens_.expect(TokenType::kName, "name");
    ExprPtr filter = make(ExprKind::kFilter, name.line);
    filter->name = name.text;
    while (tokens_.skip_operator(".")) filter->name += "." + tokens_.expect(TokenType::kName, "name").text;
    filter->filter = find_filter(filter->name);
    adopt(*filter, std::move(subject));
    if (tokens_.at_operator("(")) arguments(*filter);
    subject = std::move(filter);
  }
  return subject;
}

ExprPtr ExpressionParser::test(ExprPtr subject) {
  const int line = tokens_.next().line;
  const bool negated = tokens_.skip_word("not");
  ExprPtr out = make(ExprKind::kTest, line, std::move(subject));
  out->name = tokens_.expect(TokenType::kName, "name").text;
  while (tokens_.skip_operator(".")) out->name += "." + tokens_.expect(TokenType::kName, "name").text;
  out->test = find_test(out->name);
  const Token& token = tokens_.current();
  const bool begins_argument = token.type == TokenType::kName || token.type == TokenType::kString ||
                               token.type == TokenType::kInteger || token.type == TokenType::kFloat ||
                               tokens_.at_operator("[") || tokens_.at_operator("{");
  if (tokens_.at_operator("(")) {
    arguments(*out);
  } else if (begins_argument && !tokens_.at_word("else") && !tokens_.at_word("or") && !tokens_.at_word("and")) {
    if (tokens_.at_word("is")) raise_at(token.line, "chat.template_syntax", "is");
    adopt(*out, postfix(primary()));
    out->n_positional = 1;
  }
  return negated ? make(ExprKind::kNot, line, std::move(out)) : std::move(out);
}

}  // namespace slm::chat
