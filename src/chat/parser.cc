#include "chat/parser.h"

#include <algorithm>
#include <initializer_list>

#include "chat/expression_parser.h"
#include "chat/filters.h"

namespace slm::chat {
namespace {

using Words = std::initializer_list<std::string_view>;

class StatementParser {
 public:
  explicit StatementParser(std::string_view source) : tokens_(tokenize(source)), expressions_(tokens_) {}

  Block run() {
    Block block = body({});
    return block;
  }

 private:
  static std::unique_ptr<Stmt> make(StmtKind kind, int line) {
    auto statement = std::make_unique<Stmt>();
    statement->kind = kind;
    statement->line = line;
    return statement;
  }

  bool at_word(std::string_view word) const {
    return tokens_.current().type == TokenType::kName && tokens_.current().text == word;
  }

  // Statements up to a tag that begins with one of `ends` (left as the current token), or to the end of the template.
  Block body(Words ends) {
    Block out;
    for (;;) {
      const Token& token = tokens_.current();
      if (token.type == TokenType::kEnd) {
        if (ends.size() != 0) raise_at(token.line, "chat.template_unclosed", "{% " + open_.back() + " %}");
        return out;
      }
      if (token.type == TokenType::kText) {
        auto text = make(StmtKind::kText, token.line);
        text->text = Value::literal(token.text);
        out.push_back(std::move(text));
        tokens_.next();
      } else if (token.type == TokenType::kVariableBegin) {
        auto print = make(StmtKind::kPrint, tokens_.next().line);
        print->values.push_back(expressions_.tuple());
        tokens_.expect(TokenType::kVariableEnd, "}}");
        out.push_back(std::move(print));
      } else {
        tokens_.next();  // {%
        for (std::string_view end : ends) {
          if (at_word(end)) return out;
        }
        statement(out);
        tokens_.expect(TokenType::kBlockEnd, "%}");
      }
    }
  }

  // The rest of a tag, then its body up to one of `ends`.
  Block body_after_tag(Words ends) {
    tokens_.skip_operator(":");
    tokens_.expect(TokenType::kBlockEnd, "%}");
    return body(ends);
  }

  Block body_until(std::string_view end) {
    Block out = body_after_tag({end});
    tokens_.next();
    return out;
  }

  void statement(Block& out) {
    const Token tag = tokens_.current();
    if (tag.type != TokenType::kName) raise_at(tag.line, "chat.template_expected", "{% tag %}", describe(tag));
    const Nesting nesting(expressions_, tag.line);
    open_.push_back(tag.text);
    out.push_back(statement_of(tag));
    open_.pop_back();
  }

  std::unique_ptr<Stmt> statement_of(const Token& tag) {
    const std::string& word = tag.text;
    tokens_.next();
    if (word == "if") return if_statement(tag.line);
    if (word == "for") return for_statement(tag.line);
    if (word == "set") return set_statement(tag.line);
    if (word == "macro") return macro(tag.line);
    if (word == "call") return call_block(tag.line);
    if (word == "filter") return filter_block(tag.line);
    if (word == "with") return with(tag.line);
    if (word == "generation") return generation(tag.line);
    if (word == "block") return named_block(tag.line);
    if (word == "print") return print(tag.line);
    if (word == "break" || word == "continue") {
      if (loops_ == 0) raise_at(tag.line, "chat.template_outside_loop", word);
      return make(word == "break" ? StmtKind::kBreak : StmtKind::kContinue, tag.line);
    }
    raise_at(tag.line, "chat.template_unknown_tag", word);
  }

  std::unique_ptr<Stmt> if_statement(int line) {
    auto out = make(StmtKind::kIf, line);
    for (;;) {
      out->values.push_back(expressions_.tuple(/*with_condition=*/false));
      out->branches.push_back(body_after_tag({"elif", "else", "endif"}));
      const std::string word = tokens_.next().text;
      if (word == "elif") continue;
      if (word == "else") out->otherwise = body_until("endif");
      return out;
    }
  }

  std::unique_ptr<Stmt> for_statement(int line) {
    auto out = make(StmtKind::kFor, line);
    out->targets.push_back(expressions_.target("in"));
    forbid_loop(*out->targets[0]);
    tokens_.expect_word("in");
    out->values.push_back(expressions_.tuple(/*with_condition=*/false, "recursive"));
    out->values.push_back(tokens_.skip_word("if") ? expressions_.expression() : nullptr);
    out->recursive = tokens_.skip_word("recursive");
    ++loops_;
    out->body = body_after_tag({"endfor", "else"});
    --loops_;
    if (tokens_.next().text == "else") out->otherwise = body_until("endfor");
    return out;
  }

  void forbid_loop(const Expr& target) const {
    if (target.kind == ExprKind::kName && target.name == "loop") {
      raise_at(target.line, "chat.template_cannot_assign", "loop");
    }
    for (const ExprPtr& child : target.children) forbid_loop(*child);
  }

  std::unique_ptr<Stmt> set_statement(int line) {
    auto out = make(StmtKind::kSet, line);
    out->targets.push_back(expressions_.target({}, /*with_namespace=*/true));
    if (tokens_.skip_operator("=")) {
      out->values.push_back(expressions_.tuple());
      return out;
    }
    out->kind = StmtKind::kSetBlock;
    ExprPtr filters = expressions_.filters(nullptr);
    if (filters != nullptr) out->values.push_back(std::move(filters));
    out->body = body_until("endset");
    return out;
  }

  void signature(Stmt& out) {
    tokens_.expect_operator("(");
    while (!tokens_.at_operator(")")) {
      if (!out.parameters.empty()) tokens_.expect_operator(",");
      const Token name = tokens_.expect(TokenType::kName, "name");
      if (tokens_.skip_operator("=")) {
        out.values.push_back(expressions_.expression());
      } else if (!out.values.empty()) {
        raise_at(name.line, "chat.template_expected", "=", describe(tokens_.current()));
      }
      if (std::find(out.parameters.begin(), out.parameters.end(), name.text) != out.parameters.end()) {
        raise_at(name.line, "chat.template_cannot_assign", name.text);
      }
      out.parameters.push_back(name.text);
    }
    tokens_.expect_operator(")");
  }

  // The body of what is called: no loop around it can be broken out of, and the special names it uses are noted.
  void called_body(Stmt& out, std::string_view end) {
    const int loops_outside = std::exchange(loops_, 0);
    const SpecialNames outside = expressions_.begin_macro();
    out.body = body_until(end);
    const SpecialNames used = expressions_.end_macro(outside);
    out.uses_varargs = used.varargs;
    out.uses_kwargs = used.kwargs;
    out.uses_caller = used.caller;
    loops_ = loops_outside;
  }

  std::unique_ptr<Stmt> macro(int line) {
    auto out = make(StmtKind::kMacro, line);
    out->name = tokens_.expect(TokenType::kName, "name").text;
    signature(*out);
    called_body(*out, "endmacro");
    return out;
  }

  std::unique_ptr<Stmt> call_block(int line) {
    auto out = make(StmtKind::kCallBlock, line);
    out->name = "caller";
    if (tokens_.at_operator("(")) signature(*out);
    out->call = expressions_.expression();
    if (out->call->kind != ExprKind::kCall) raise_at(line, "chat.template_expected", "call(...)", "{% call %}");
    called_body(*out, "endcall");
    return out;
  }

  std::unique_ptr<Stmt> filter_block(int line) {
    auto out = make(StmtKind::kFilterBlock, line);
    out->values.push_back(expressions_.filters(nullptr, /*already_past_bar=*/true));
    out->body = body_until("endfilter");
    return out;
  }

  std::unique_ptr<Stmt> with(int line) {
    auto out = make(StmtKind::kWith, line);
    while (tokens_.current().type != TokenType::kBlockEnd) {
      if (!out->targets.empty()) tokens_.expect_operator(",");
      out->targets.push_back(expressions_.target({}));
      tokens_.expect_operator("=");
      out->values.push_back(expressions_.expression());
    }
    out->body = body_until("endwith");
    return out;
  }

  // Marks what the assistant wrote, for training; here only a scope.
  std::unique_ptr<Stmt> generation(int line) {
    auto out = make(StmtKind::kScope, line);
    called_body(*out, "endgeneration");
    return out;
  }

  std::unique_ptr<Stmt> named_block(int line) {
    auto out = make(StmtKind::kScope, line);
    const std::string name = tokens_.expect(TokenType::kName, "name").text;
    tokens_.skip_word("scoped");
    called_body(*out, "endblock");
    tokens_.skip_word(name);
    return out;
  }

  std::unique_ptr<Stmt> print(int line) {
    auto out = make(StmtKind::kPrint, line);
    while (tokens_.current().type != TokenType::kBlockEnd) {
      if (!out->values.empty()) tokens_.expect_operator(",");
      out->values.push_back(expressions_.expression());
    }
    return out;
  }

  TokenStream tokens_;
  ExpressionParser expressions_;
  std::vector<std::string> open_;  // tags around the current token
  int loops_ = 0;                  // for-loops around it, up to the next macro
};

// jinja2 refuses unknown filters and tests when it compiles, except under an if, where a template may ask first whether they
// exist; those raise when they are reached.
void check_names(const Expr* expr, bool under_condition) {
  if (expr == nullptr) return;
  if (!under_condition && expr->kind == ExprKind::kFilter && expr->filter == nullptr) {
    raise_at(expr->line, "chat.template_unknown_filter", expr->name);
  }
  if (!under_condition && expr->kind == ExprKind::kTest && expr->test == nullptr) {
    raise_at(expr->line, "chat.template_unknown_test", expr->name);
  }
  for (const ExprPtr& child : expr->children) {
    check_names(child.get(), under_condition || expr->kind == ExprKind::kCondition);
  }
}

void check_names(const Block& block, bool under_condition) {
  for (const auto& statement : block) {
    const bool is_if = statement->kind == StmtKind::kIf;
    const bool here = under_condition || is_if;
    for (const ExprPtr& value : statement->values) check_names(value.get(), here);
    for (const ExprPtr& target : statement->targets) check_names(target.get(), here);
    check_names(statement->call.get(), here);
    for (const Block& branch : statement->branches) check_names(branch, true);
    check_names(statement->body, false);
    check_names(statement->otherwise, is_if);
  }
}

}  // namespace

Block parse_template(std::string_view source) {
  Block block = StatementParser(source).run();
  check_names(block, false);
  return block;
}

}  // namespace slm::chat
