#include "chat/lexer.h"

#include <algorithm>
#include <cstdlib>

#include "chat/unicode.h"

namespace slm::chat {
namespace {

[[noreturn]] void fail_at(int line, Message message) { throw Failure{std::move(message), line}; }

// \r\n and \r become \n.
std::string with_plain_newlines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      out += '\n';
      if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

int newlines_in(std::string_view text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The value of a string literal between its quotes: Python's escapes.
class Unescaper {
 public:
  Unescaper(std::string_view text, int line) : text_(text), line_(line) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (text_[at_] != '\\' || at_ + 1 >= text_.size()) {
        out_ += text_[at_++];
        continue;
      }
      ++at_;
      escape();
    }
    return std::move(out_);
  }

 private:
  void escape() {
    static constexpr std::string_view kNames = "\\'\"abfnrtv";
    static constexpr std::string_view kValues = "\\'\"\a\b\f\n\r\t\v";
    const char c = text_[at_];
    if (c == '\n') {
      ++at_;
    } else if (const size_t known = kNames.find(c); known != std::string_view::npos) {
      out_ += kValues[known];
      ++at_;
    } else if (c >= '0' && c <= '7') {
      octal();
    } else if (c == 'x' || c == 'u' || c == 'U') {
      ++at_;
      hex(c == 'x' ? 2 : c == 'u' ? 4 : 8);
    } else if (c == 'N') {
      fail_at(line_, msg("chat.template_bad_escape"));
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      // Python writes the character as an escape of its own first, whose backslash this one swallows.
      const auto character = static_cast<uint32_t>(next_code_point(text_, at_));
      out_ += character <= 0xFF     ? fmt::format("\\x{:02x}", character)
              : character <= 0xFFFF ? fmt::format("\\u{:04x}", character)
                                    : fmt::format("\\U{:08x}", character);
    } else {
      out_ += '\\';
    }
  }

  void octal() {
    uint32_t value = 0;
    for (int n = 0; n < 3 && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '7'; ++n) {
      value = value * 8 + static_cast<uint32_t>(text_[at_++] - '0');
    }
    append_code_point(out_, value);
  }

  void hex(int digits) {
    uint32_t value = 0;
    for (int n = 0; n < digits; ++n, ++at_) {
      const int digit = at_ < text_.size() ? hex_value(text_[at_]) : -1;
      if (digit < 0) fail_at(line_, msg("chat.template_bad_escape"));
      value = value * 16 + static_cast<uint32_t>(digit);
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) fail_at(line_, msg("chat.template_bad_escape"));
    append_code_point(out_, value);
  }

  std::string_view text_;
  int line_;
  size_t at_ = 0;
  std::string out_;
};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(with_plain_newlines(source)) {
    if (source_.ends_with('\n')) source_.pop_back();
  }

  std::vector<Token> run() {
    while (at_ < source_.size()) outside();
    push(TokenType::kEnd, "");
    return std::move(tokens_);
  }

 private:
  bool at(std::string_view text) const { return std::string_view(source_).substr(at_).starts_with(text); }

  void push(TokenType type, std::string text) { tokens_.push_back(Token{type, line_, std::move(text), 0, 0}); }

  // Moves past source_[at_, end), counting lines and noting whether a line starts after it.
  void advance_to(size_t end) {
    line_ += newlines_in(std::string_view(source_).substr(at_, end - at_));
    if (end > at_) line_starting_ = source_[end - 1] == '\n';
    at_ = end;
  }

  size_t after_space(size_t from) const {
    while (from < source_.size()) {
      size_t next = from;
      if (!is_space(next_code_point(source_, next))) break;
      from = next;
    }
    return from;
  }

  // Text up to the next tag, then the tag.
  void outside() {
    size_t tag = at_;
    for (;; ++tag) {
      tag = source_.find('{', tag);
      if (tag == std::string::npos || tag + 1 >= source_.size()) {
        text_until(source_.size(), source_.size());
        return;
      }
      if (const char kind = source_[tag + 1]; kind == '{' || kind == '%' || kind == '#') break;
    }
    const char kind = source_[tag + 1];
    size_t inside = tag + 2;
    const char sign = sign_at(inside);
    if (sign != '\0') ++inside;
    text_until(stripped_end(at_, tag, sign, kind == '{'), tag);
    if (kind == '%' && raw_block(inside)) return;
    if (kind == '#') return comment(inside);
    push(kind == '{' ? TokenType::kVariableBegin : TokenType::kBlockBegin, std::string(1, '{') + kind);
    advance_to(inside);
    inside_tag(kind == '{');
  }

  char sign_at(size_t offset) const {
    if (offset >= source_.size()) return '\0';
    return source_[offset] == '-' || source_[offset] == '+' ? source_[offset] : '\0';
  }

  // Where text that begins at `begin` and is followed by a tag at `tag` ends once its white space is stripped.
  size_t stripped_end(size_t begin, size_t tag, char sign, bool is_variable) const {
    const std::string_view text = std::string_view(source_).substr(begin, tag - begin);
    if (sign == '-') return begin + strip_space(text, false, true).end;
    if (sign == '+' || is_variable) return tag;
    const size_t newline = text.rfind('\n');
    const size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
    if (line_begin == 0 && !line_starting_) return tag;
    const bool blank = strip_space(text.substr(line_begin), true, false).begin == text.size() - line_begin;
    return blank ? begin + line_begin : tag;
  }

  void text_until(size_t end, size_t next) {
    if (end > at_) push(TokenType::kText, source_.substr(at_, end - at_));
    advance_to(next);
  }

  // After the end of a block or comment at `offset` (behind "%}" or "#}"): "-" takes all white space, else one newline goes.
  size_t after_block_end(size_t offset, char sign) const {
    if (sign == '-') return after_space(offset);
    if (sign == '\0' && offset < source_.size() && source_[offset] == '\n') return offset + 1;
    return offset;
  }

  void comment(size_t inside) {
    const size_t end = source_.find("#}", inside);
    if (end == std::string::npos && inside < source_.size()) fail_at(line_, msg("chat.template_unclosed", "{#"));
    if (end == std::string::npos) return advance_to(inside);  // jinja2 lets one pass at the very end
    const char sign = end > inside ? sign_at(end - 1) : '\0';
    advance_to(after_block_end(end + 2, sign));
  }

  // "{% raw %} ... {% endraw %}"; false when the tag at at_ is another one.
  bool raw_block(size_t inside) {
    const size_t word = after_space(inside);
    if (source_.compare(word, 3, "raw") != 0) return false;
    size_t close = after_space(word + 3);
    const bool strips = sign_at(close) == '-';
    if (strips) ++close;
    if (source_.compare(close, 2, "%}") != 0) return false;
    advance_to(strips ? after_space(close + 2) : close + 2);
    for (size_t tag = source_.find("{%", at_); tag != std::string::npos; tag = source_.find("{%", tag + 2)) {
      size_t at_word = tag + 2;
      const char begin_sign = sign_at(at_word);
      if (begin_sign != '\0') ++at_word;
      at_word = after_space(at_word);
      if (source_.compare(at_word, 6, "endraw") != 0) continue;
      size_t end = after_space(at_word + 6);
      const char end_sign = sign_at(end);
      if (end_sign != '\0') ++end;
      if (source_.compare(end, 2, "%}") != 0) continue;
      text_until(stripped_end(at_, tag, begin_sign, false), tag);
      advance_to(after_block_end(end + 2, end_sign));
      return true;
    }
    fail_at(line_, msg("chat.template_unclosed", "{% raw %}"));
  }

  // Words of one tag up to its end. Brackets must balance before an end counts.
  void inside_tag(bool is_variable) {
    const std::string_view end = is_variable ? "}}" : "%}";
    std::string open;
    for (;;) {
      advance_to(after_space(at_));
      if (at_ >= source_.size()) return;  // the parser says what is missing
      if (open.empty() && tag_end(end, is_variable)) return;
      const char c = source_[at_];
      if (is_digit(c)) {
        number();
      } else if (c == '\'' || c == '"') {
        string(c);
      } else if (!name()) {
        operator_token(open);
      }
    }
  }

  bool tag_end(std::string_view end, bool is_variable) {
    char sign = sign_at(at_);
    if (is_variable && sign == '+') sign = '\0';
    const size_t offset = at_ + (sign != '\0' ? 1 : 0);
    if (source_.compare(offset, 2, end) != 0) return false;
    push(is_variable ? TokenType::kVariableEnd : TokenType::kBlockEnd, std::string(end));
    const size_t behind = offset + 2;
    advance_to(is_variable ? (sign == '-' ? after_space(behind) : behind) : after_block_end(behind, sign));
    return true;
  }

  // Digits with single underscores between them, from `from`; `from` when there is none.
  size_t after_digits(size_t from) const {
    if (from >= source_.size() || !is_digit(source_[from])) return from;
    size_t end = from + 1;
    while (end < source_.size() &&
           (is_digit(source_[end]) ||
            (source_[end] == '_' && end + 1 < source_.size() && is_digit(source_[end + 1])))) {
      ++end;
    }
    return end;
  }

  // The end of a float at at_, or at_ when the digits there are an integer.
  size_t after_float() const {
    if (at_ > 0 && source_[at_ - 1] == '.') return at_;  // the 0 and 1 of "x.0.1" are indexes
    const size_t whole = after_digits(at_);
    size_t end = whole;
    if (end < source_.size() && source_[end] == '.' && after_digits(end + 1) > end + 1) end = after_digits(end + 1);
    size_t exponent = end;
    if (exponent < source_.size() && (source_[exponent] == 'e' || source_[exponent] == 'E')) {
      ++exponent;
      if (sign_at(exponent) != '\0') ++exponent;
      if (after_digits(exponent) > exponent) end = after_digits(exponent);
    }
    return end > whole ? end : at_;
  }

  size_t after_based_digits(size_t from, int base) const {
    size_t end = from;
    for (;;) {
      const size_t digit = end < source_.size() && source_[end] == '_' ? end + 1 : end;
      const int value = digit < source_.size() ? hex_value(source_[digit]) : -1;
      if (value < 0 || value >= base) return end;
      end = digit + 1;
    }
  }

  void number() {
    size_t end = after_float();
    std::string text;
    if (end > at_) {
      for (char c : source_.substr(at_, end - at_)) {
        if (c != '_') text += c;
      }
      push(TokenType::kFloat, text);
      tokens_.back().real = std::strtod(text.c_str(), nullptr);
      return advance_to(end);
    }
    int base = 10;
    size_t digits = at_;
    if (source_[at_] == '0' && at_ + 1 < source_.size()) {
      const char mark = static_cast<char>(source_[at_ + 1] | 0x20);
      const int marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
      if (marked != 10 && after_based_digits(at_ + 2, marked) > at_ + 2) {
        base = marked;
        digits = at_ + 2;
      }
    }
    end = base != 10 ? after_based_digits(digits, base) : source_[at_] == '0' ? after_zeros() : after_digits(at_);
    push(TokenType::kInteger, source_.substr(at_, end - at_));
    tokens_.back().integer = integer(std::string_view(source_).substr(digits, end - digits), base);
    advance_to(end);
  }

  // "00" is an integer, "07" is two of them.
  size_t after_zeros() const {
    size_t end = at_;
    while (end < source_.size() &&
           (source_[end] == '0' || (source_[end] == '_' && end + 1 < source_.size() && source_[end + 1] == '0'))) {
      ++end;
    }
    return end;
  }

  int64_t integer(std::string_view digits, int base) const {
    int64_t value = 0;
    for (char c : digits) {
      if (c == '_') continue;
      if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, hex_value(c), &value)) {
        fail_at(line_, msg("chat.template_overflow"));
      }
    }
    return value;
  }

  void string(char quote) {
    size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) fail_at(line_, msg("chat.template_unclosed", std::string(1, quote)));
    push(TokenType::kString, Unescaper(std::string_view(source_).substr(at_ + 1, end - at_ - 1), line_).run());
    advance_to(end + 1);
  }

  bool name() {
    size_t end = at_;
    if (!is_identifier_start(next_code_point(source_, end))) return false;
    for (size_t next = end; end < source_.size(); end = next) {
      if (!is_identifier_part(next_code_point(source_, next))) break;
    }
    push(TokenType::kName, source_.substr(at_, end - at_));
    advance_to(end);
    return true;
  }

  void operator_token(std::string& open) {
    static constexpr std::string_view kTwo[] = {"//", "**", "==", "!=", ">=", "<="};
    static constexpr std::string_view kOne = "+-/*%~[](){}><=.:|,;";
    std::string text;
    for (std::string_view two : kTwo) {
      if (at(two)) text = two;
    }
    if (text.empty() && kOne.find(source_[at_]) != std::string_view::npos) text = source_[at_];
    if (text.empty()) {
      size_t end = at_;
      next_code_point(source_, end);
      fail_at(line_, msg("chat.template_syntax", source_.substr(at_, end - at_)));
    }
    balance(open, text[0]);
    push(TokenType::kOperator, text);
    advance_to(at_ + text.size());
  }

  void balance(std::string& open, char c) const {
    if (c == '{') open += '}';
    if (c == '(') open += ')';
    if (c == '[') open += ']';
    if (c != '}' && c != ')' && c != ']') return;
    if (open.empty()) fail_at(line_, msg("chat.template_syntax", std::string(1, c)));
    if (open.back() != c) fail_at(line_, msg("chat.template_expected", std::string(1, open.back()), std::string(1, c)));
    open.pop_back();
  }

  std::string source_;
  size_t at_ = 0;
  int line_ = 1;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

std::string describe(const Token& token) {
  switch (token.type) {
    case TokenType::kEnd: return "<end>";
    case TokenType::kText: return "<text>";
    case TokenType::kString: return "'" + token.text + "'";
    default: return token.text;
  }
}

}  // namespace slm::chat
