// Template text -> tokens: text between tags, and the words inside tags. White space is handled as transformers sets
// jinja2: trim_blocks (a newline after a block is dropped), lstrip_blocks (blanks before a block on its line are dropped), "-"
// and "+" in tags, one newline at the end of the template dropped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chat/failure.h"

namespace slm::chat {

enum class TokenType : uint8_t {
  kText,           // outside tags
  kBlockBegin,     // {%
  kBlockEnd,
  kVariableBegin,  // {{
  kVariableEnd,
  kName,
  kString,
  kInteger,
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenType type = TokenType::kEnd;
  int line = 1;
  std::string text;  // text, name, operator; the value of a string
  int64_t integer = 0;
  double real = 0;
};

// Ends with a kEnd token. Raises chat.template_syntax and its like, with the line.
std::vector<Token> tokenize(std::string_view source);

// What a message calls the token: its text, or "end of template" ...
std::string describe(const Token& token);

}  // namespace slm::chat
