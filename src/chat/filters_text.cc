// Filters of text and numbers.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "chat/compare.h"
#include "chat/filters.h"
#include "chat/format.h"
#include "chat/interpreter.h"
#include "chat/operators.h"
#include "chat/print.h"
#include "chat/strings.h"
#include "chat/unicode.h"

namespace slm::chat {
namespace {

bool is_markup(const Value& value) { return value.is_string() && value.as_string().is_markup; }

// The subject as text (jinja2's soft_str: Markup stays Markup) through a function.
template <MarkedText (*kFunction)(const MarkedText&, Budget&)>
Value mapped(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "filter", {});
  return interpreter.string(kFunction(interpreter.to_text(subject), interpreter.budget()), is_markup(subject));
}

Value trim(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "trim", {"chars"});
  const std::string* set = bound.given(0) == nullptr ? nullptr : &bound.text(0).bytes();
  return interpreter.string(stripped(interpreter.to_text(subject), set, Side::kBoth, interpreter.budget()),
                            is_markup(subject));
}

Value string(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "string", {});
  if (subject.is_string()) return subject;
  return interpreter.string(interpreter.to_text(subject));
}

Value replace(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "replace", {"old", "new", "count"}, 2);
  const int64_t limit = bound.given(2) == nullptr ? -1 : bound.integer(2, -1);
  return interpreter.string(replaced(interpreter.to_text(subject), interpreter.to_text(*bound[0]),
                                     interpreter.to_text(*bound[1]), limit, interpreter.budget()));
}

Value default_value(Interpreter&, const Value& subject, const Arguments& given) {
  const Bound bound(given, "default", {"default_value", "boolean"});
  const bool absent = subject.is_undefined() || (bound.flag(1) && !truthy(subject));
  if (!absent) return subject;
  return bound[0] == nullptr ? Value::literal("") : *bound[0];
}

Value tojson(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "tojson", {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = bound.flag(0);
  style.sort_keys = bound.flag(3);
  if (const Value* indent = bound.given(1)) {
    style.has_indent = true;
    style.item_separator.resize(1);  // "," where a line ends
    if (indent->is_string()) {
      style.indent = indent->bytes();
    } else {
      const int64_t width = bound.integer(1, 0);
      if (width > static_cast<int64_t>(limits::kTemplateMaxSourceBytes)) {
        raise("chat.template_limit_bytes", limits::kTemplateMaxSourceBytes);
      }
      style.indent.assign(static_cast<size_t>(std::max<int64_t>(0, width)), ' ');
    }
  }
  if (const Value* separators = bound.given(2)) {
    const bool is_pair = separators->is_sequence() && separators->as_sequence().items.size() == 2 &&
                         separators->as_sequence().items[0].is_string() && separators->as_sequence().items[1].is_string();
    if (!is_pair) raise("chat.template_argument", "tojson");
    style.item_separator = separators->as_sequence().items[0].bytes();
    style.key_separator = separators->as_sequence().items[1].bytes();
  }
  return interpreter.string(to_json_text(subject, style, interpreter.budget()));
}

Value safe(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "safe", {});
  return interpreter.string(interpreter.to_text(subject), true);
}

Value escape(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "escape", {});
  if (is_markup(subject)) return subject;
  return interpreter.string(html_escaped(interpreter.to_text(subject), interpreter.budget()), true);
}

Value forceescape(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "forceescape", {});
  return interpreter.string(html_escaped(interpreter.to_text(subject), interpreter.budget()), true);
}

// Lines after the first (and the first with `first`) moved right; blank ones only with `blank`.
Value indent(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "indent", {"width", "first", "blank"});
  if (subject.is_undefined()) raise_undefined(subject);
  if (!subject.is_string()) raise("chat.template_operands", "+", type_name(subject), "str");
  const bool first = bound.flag(1), blank = bound.flag(2);
  MarkedText margin;
  if (bound[0] != nullptr && bound[0]->is_string()) {
    margin = bound[0]->text();
  } else {
    margin = padded({}, bound.integer(0, 4), " ", Alignment::kLeft, interpreter.budget());
  }
  MarkedText text = subject.text();
  text.append("\n", false);
  const std::vector<MarkedText> lines = lines_of(text, false, interpreter.budget());
  MarkedText out;
  for (size_t i = 0; i < lines.size(); ++i) {
    interpreter.budget().bytes(margin.size() + lines[i].size() + 1);
    if (i != 0) out.append("\n", false);
    if (i == 0 ? first : (blank || !lines[i].empty())) out.append(margin);
    out.append(lines[i]);
  }
  return interpreter.string(std::move(out), is_markup(subject));
}

Value center(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "center", {"width"});
  return interpreter.string(padded(interpreter.to_text(subject), bound.integer(0, 80), " ", Alignment::kCenter,
                                   interpreter.budget()),
                            is_markup(subject));
}

Value truncate(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "truncate", {"length", "killwords", "end", "leeway"});
  const int64_t length = bound.integer(0, 255);
  const MarkedText end = bound[2] == nullptr ? MarkedText("...", false) : bound.text(2);
  const int64_t leeway = bound.given(3) == nullptr ? 5 : bound.integer(3, 5);
  const auto end_length = static_cast<int64_t>(count_code_points(end.bytes()));
  const auto subject_length = static_cast<int64_t>(length_of(subject, interpreter.budget()));
  if (length < end_length || leeway < 0) raise("chat.template_argument", "truncate");
  if (subject_length - leeway <= length) return subject;  // whatever has a length and is short enough
  if (!subject.is_string()) raise("chat.template_operands", "truncate", type_name(subject), "str");
  const MarkedText& text = subject.text();
  MarkedText out = text.slice(0, offset_of_code_point(text.bytes(), static_cast<size_t>(length - end_length)));
  if (!bound.flag(1)) {
    const size_t space = out.bytes().rfind(' ');
    if (space != std::string::npos) out = out.slice(0, space);
  }
  out.append(end);
  return interpreter.string(std::move(out), is_markup(subject));
}

Value wordcount(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "wordcount", {});
  const MarkedText text = interpreter.to_text(subject);
  int64_t words = 0;
  bool inside = false;
  for (size_t offset = 0; offset < text.size();) {
    const char32_t c = next_code_point(text.bytes(), offset);
    const bool part = c == '_' || is_alpha(c) || is_decimal(c);
    if (part && !inside) ++words;
    inside = part;
  }
  return Value::integer(words);
}

Value format(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  if (!given.positional.empty() && !given.named.empty()) raise("chat.template_argument", "format");
  const Value text = interpreter.string(interpreter.to_text(subject), is_markup(subject));
  if (given.named.empty()) return percent_format(text, Value::tuple(given.positional), interpreter.budget());
  Dict named;
  for (const auto& [name, value] : given.named) named.set(Value::literal(std::string(name)), value);
  return percent_format(text, Value::dict(std::move(named)), interpreter.budget());
}

// --- numbers ---

// int(text, base) with Python's signs, underscores and prefixes.
std::optional<int64_t> parse_integer(std::string_view text, int64_t base) {
  const ByteRange range = strip_space(text, true, true);
  text = text.substr(range.begin, range.end - range.begin);
  bool is_negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    is_negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.size() > 2 && text[0] == '0') {
    const char mark = static_cast<char>(text[1] | 0x20);
    const int64_t marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : -1;
    if (marked > 0 && (base == marked || base == 0)) {
      base = marked;
      text.remove_prefix(2);
      if (text[0] == '_') text.remove_prefix(1);
    }
  }
  if (base == 0) base = 10;
  std::string digits = is_negative ? "-" : "";
  bool may_underscore = false;
  for (char c : text) {
    if (c == '_') {
      if (!may_underscore) return std::nullopt;
      may_underscore = false;
    } else {
      digits += c;
      may_underscore = true;
    }
  }
  if (!may_underscore) return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, static_cast<int>(base));
  if (error == std::errc::result_out_of_range) raise("chat.template_overflow");
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_real(std::string_view text) {
  const ByteRange range = strip_space(text, true, true);
  std::string digits;
  bool after_digit = false;
  for (char c : text.substr(range.begin, range.end - range.begin)) {
    if (c == '_' && after_digit) {
      after_digit = false;
      continue;
    }
    digits += c;
    after_digit = c >= '0' && c <= '9';
  }
  if (digits.empty() || digits.find_first_of("xXpP") != std::string::npos) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  if (end != digits.c_str() + digits.size()) return std::nullopt;
  return value;
}

// The whole part of a float; nothing for what is none.
std::optional<int64_t> truncated(double f) {
  if (!std::isfinite(f)) return std::nullopt;
  if (std::abs(f) >= 9.2e18) raise("chat.template_overflow");
  return static_cast<int64_t>(f);
}

Value to_int(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "int", {"default", "base"});
  if (subject.is_undefined()) raise_undefined(subject);
  const Value otherwise = bound[0] == nullptr ? Value::integer(0) : *bound[0];
  if (subject.is_integral()) return Value::integer(subject.as_int());
  if (subject.is(Kind::kFloat)) {
    if (std::isinf(subject.as_double())) raise("chat.template_overflow");
    const auto whole = truncated(subject.as_double());
    return whole ? Value::integer(*whole) : otherwise;
  }
  if (!subject.is_string()) return otherwise;
  interpreter.budget().bytes(subject.bytes().size());
  const int64_t base = bound.integer(1, 10);
  if (base == 0 || (base >= 2 && base <= 36)) {
    if (const auto value = parse_integer(subject.bytes(), base)) return Value::integer(*value);
  }
  const auto real = parse_real(subject.bytes());
  const auto whole = real ? truncated(*real) : std::nullopt;
  return whole ? Value::integer(*whole) : otherwise;
}

Value to_float(Interpreter& interpreter, const Value& subject, const Arguments& given) {
  const Bound bound(given, "float", {"default"});
  if (subject.is_undefined()) raise_undefined(subject);
  if (subject.is_number()) return Value::real(subject.as_double());
  if (subject.is_string()) {
    interpreter.budget().bytes(subject.bytes().size());
    if (const auto value = parse_real(subject.bytes())) return Value::real(*value);
  }
  return bound[0] == nullptr ? Value::real(0.0) : *bound[0];
}

Value absolute(Interpreter&, const Value& subject, const Arguments& given) {
  const Bound bound(given, "abs", {});
  if (subject.is(Kind::kFloat)) return Value::real(std::abs(subject.as_double()));
  if (!subject.is_integral()) raise("chat.template_operands", "abs", "", type_name(subject));
  return subject.as_int() < 0 ? negative(subject) : Value::integer(subject.as_int());
}

// Python's round(): to even, on the exact decimal value (which is what printf rounds).
double rounded(double value, int64_t precision) {
  if (!std::isfinite(value) || precision > 308) return value;
  if (precision < -308) return std::copysign(0.0, value);
  if (precision < 0) {
    const double unit = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(value / unit) * unit;
  }
  char buffer[700];
  std::snprintf(buffer, sizeof buffer, "%.*f", static_cast<int>(precision), value);
  return std::strtod(buffer, nullptr);
}

// A whole number to a multiple of 10^-precision (precision < 0), halves to even.
int64_t rounded_integer(int64_t value, int64_t precision) {
  if (precision >= 0) return value;
  if (precision < -18) return 0;
  int64_t unit = 1;
  for (int64_t i = 0; i > precision; --i) unit *= 10;
  const int64_t rest = value % unit;
  int64_t down = value - rest;
  const int64_t magnitude = rest < 0 ? -rest : rest;
  const bool away = magnitude * 2 > unit || (magnitude * 2 == unit && (down / unit) % 2 != 0);
  if (away && __builtin_add_overflow(down, rest < 0 ? -unit : unit, &down)) raise("chat.template_overflow");
  return down;
}

Value round(Interpreter&, const Value& subject, const Arguments& given) {
  const Bound bound(given, "round", {"precision", "method"});
  const std::string method = bound[1] == nullptr ? "common" : bound.text(1).bytes();
  const int64_t precision = bound.integer(0, 0);
  if (method != "common" && method != "ceil" && method != "floor") raise("chat.template_argument", "round");
  if (subject.is_undefined()) raise_undefined(subject);
  if (!subject.is_number()) raise("chat.template_operands", "round", "", type_name(subject));
  if (method == "common") {
    if (subject.is_integral()) return Value::integer(rounded_integer(subject.as_int(), precision));
    return Value::real(rounded(subject.as_double(), precision));
  }
  const double unit = std::pow(10.0, static_cast<double>(precision));
  const double scaled = subject.as_double() * unit;
  const double whole = method == "ceil" ? std::ceil(scaled) : std::floor(scaled);
  if (!std::isfinite(whole) || unit == 0) raise("chat.template_overflow");
  return Value::real(whole / unit);
}

}  // namespace

const std::vector<NamedFilter>& text_filters() {
  static const std::vector<NamedFilter> table = {
      {"abs", absolute},
      {"capitalize", mapped<capitalized>},
      {"center", center},
      {"d", default_value},
      {"default", default_value},
      {"e", escape},
      {"escape", escape},
      {"float", to_float},
      {"forceescape", forceescape},
      {"format", format},
      {"indent", indent},
      {"int", to_int},
      {"lower", mapped<lower_of>},
      {"replace", replace},
      {"round", round},
      {"safe", safe},
      {"string", string},
      {"title", mapped<jinja_titled>},
      {"tojson", tojson},
      {"trim", trim},
      {"truncate", truncate},
      {"upper", mapped<upper_of>},
      {"wordcount", wordcount},
  };
  return table;
}

}  // namespace slm::chat
