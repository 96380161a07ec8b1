// Tokens -> expressions, by jinja2's grammar and precedence: if/else, or, and, not, comparisons, + -, ~, * / // %, **,
// unary signs, then names, literals, attributes, calls, filters and tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat/ast.h"
#include "chat/lexer.h"

namespace slm::chat {

template <class... Args>
[[noreturn]] void raise_at(int line, std::string_view key, const Args&... args) {
  throw Failure{msg(key, args...), line};
}

// The tokens of a template, read one after another.
class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& look() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token next() {
    const Token& token = current();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }

  bool at_operator(std::string_view text) const { return is(current(), TokenType::kOperator, text); }
  bool at_word(std::string_view word) const { return is(current(), TokenType::kName, word); }
  static bool is(const Token& token, TokenType type, std::string_view text) {
    return token.type == type && token.text == text;
  }
  bool skip_operator(std::string_view text) { return at_operator(text) && (next(), true); }
  bool skip_word(std::string_view word) { return at_word(word) && (next(), true); }

  Token expect(TokenType type, std::string_view what);
  void expect_operator(std::string_view text);
  void expect_word(std::string_view word);

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

// Names that change what a macro accepts, when its body uses them.
struct SpecialNames {
  bool varargs = false, kwargs = false, caller = false;
};

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  ExprPtr expression(bool with_condition = true);
  // One expression, or several with commas between: a tuple. `end_word` also ends it.
  ExprPtr tuple(bool with_condition = true, std::string_view end_word = {});
  // What a value is assigned to: a name, names with commas between, and, `with_namespace`, a namespace's attribute.
  ExprPtr target(std::string_view end_word, bool with_namespace = false);
  // "| name(arguments) | ..." applied to `subject`, which may be null; `subject` itself when there is none.
  ExprPtr filters(ExprPtr subject, bool already_past_bar = false);

  SpecialNames begin_macro() { return std::exchange(names_, {}); }
  // The names used since, which also count for the macro outside.
  SpecialNames end_macro(const SpecialNames& outside);

 private:
  friend class Nesting;

  ExprPtr make(ExprKind kind, int line) const;
  ExprPtr make(ExprKind kind, int line, ExprPtr first, ExprPtr second = nullptr) const;
  static void adopt(Expr& parent, ExprPtr child);
  ExprPtr left_chain(ExprPtr (ExpressionParser::*operand)(), std::initializer_list<std::pair<std::string_view, Operation>> operations);

  ExprPtr or_expression();
  ExprPtr and_expression();
  ExprPtr not_expression();
  ExprPtr comparison();
  bool comparison_operation(Operation& operation);
  ExprPtr sum();
  ExprPtr concatenation();
  ExprPtr product();
  ExprPtr power();
  ExprPtr unary();
  ExprPtr signed_operand(bool with_filters);
  ExprPtr primary(bool with_namespace = false);
  ExprPtr name_or_constant(bool with_namespace);
  ExprPtr list();
  ExprPtr dict();
  ExprPtr postfix(ExprPtr expr);
  ExprPtr filters_and_tests(ExprPtr expr);
  ExprPtr subscript(ExprPtr object);
  ExprPtr index_or_slice();
  ExprPtr call(ExprPtr callee);
  ExprPtr test(ExprPtr subject);
  void arguments(Expr& out);
  ExprPtr tuple_of(bool simple, bool with_condition, std::string_view end_word, bool in_brackets, bool with_namespace);
  bool at_tuple_end(std::string_view end_word) const;
  void check_target(const Expr& expr) const;

  TokenStream& tokens_;
  SpecialNames names_;
  size_t nesting_ = 0;
};

// One level of nesting for as long as it lives; raises past the limit.
class Nesting {
 public:
  Nesting(ExpressionParser& parser, int line) : parser_(parser) {
    if (parser_.nesting_ >= limits::kTemplateMaxDepth) raise_at(line, "chat.template_too_deep", limits::kTemplateMaxDepth);
    ++parser_.nesting_;
  }
  ~Nesting() { --parser_.nesting_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  ExpressionParser& parser_;
};

}  // namespace slm::chat
