#include "chat/print.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "chat/compare.h"
#include "chat/interpreter.h"
#include "chat/unicode.h"

namespace slm::chat {
namespace {

// Text of containers: built in one string, with one mark for the whole.
struct Printer {
  Budget& budget;
  std::string out;
  bool from_input = false;
  int namespaces = 0;  // open ones: a namespace may hold itself

  void add(std::string_view text) {
    budget.bytes(text.size());
    if (out.size() + text.size() > limits::kTemplateMaxOutputBytes) {
      raise("chat.template_limit_bytes", limits::kTemplateMaxOutputBytes);
    }
    out += text;
  }
  void add(const Value& string) {
    from_input = from_input || string.text().any_from_input();
    add(quoted(string.bytes()));
  }
};

void repr(Printer& printer, const Value& value);

void repr_items(Printer& printer, const std::vector<Value>& items) {
  bool first = true;
  for (const Value& item : items) {
    if (!first) printer.add(", ");
    first = false;
    repr(printer, item);
  }
}

void repr_dict(Printer& printer, const Dict& dict) {
  printer.add("{");
  bool first = true;
  for (const auto& [key, item] : dict.items) {
    if (!first) printer.add(", ");
    first = false;
    repr(printer, key);
    printer.add(": ");
    repr(printer, item);
  }
  printer.add("}");
}

void repr_namespace(Printer& printer, const Namespace& space) {
  if (++printer.namespaces > static_cast<int>(limits::kTemplateMaxDepth)) {
    raise("chat.template_limit_depth", limits::kTemplateMaxDepth);
  }
  printer.add("<Namespace ");
  repr_dict(printer, space.attributes);
  printer.add(">");
  --printer.namespaces;
}

void repr(Printer& printer, const Value& value) {
  printer.budget.step();
  switch (value.kind()) {
    case Kind::kString:
      if (value.as_string().is_markup) printer.add("Markup(");
      printer.add(value);
      if (value.as_string().is_markup) printer.add(")");
      return;
    case Kind::kList:
      printer.add("[");
      repr_items(printer, value.as_sequence().items);
      printer.add("]");
      return;
    case Kind::kTuple:
      printer.add("(");
      repr_items(printer, value.as_sequence().items);
      printer.add(value.as_sequence().items.size() == 1 ? ",)" : ")");
      return;
    case Kind::kView:
      printer.add(value.as_sequence().type_name);
      printer.add("([");
      repr_items(printer, value.as_sequence().items);
      printer.add("])");
      return;
    case Kind::kDict: return repr_dict(printer, value.as_dict());
    case Kind::kNamespace: return repr_namespace(printer, value.as_namespace());
    case Kind::kUndefined: return printer.add("Undefined");
    case Kind::kNone: return printer.add("None");
    case Kind::kBool: return printer.add(value.as_bool() ? "True" : "False");
    case Kind::kInt: return printer.add(fmt::format("{}", value.as_int()));
    case Kind::kFloat: return printer.add(float_text(value.as_double()));
    case Kind::kRange: {
      const IntegerRange& range = value.as_range();
      printer.add(range.step == 1 ? fmt::format("range({}, {})", range.start, range.stop)
                                  : fmt::format("range({}, {}, {})", range.start, range.stop, range.step));
      return;
    }
    // Python would print an address here; no template can mean that.
    case Kind::kGenerator: return printer.add(fmt::format("<generator object {}>", value.as_generator().name));
    case Kind::kMacro: return printer.add(fmt::format("<Macro {}>", quoted(value.as_macro().statement->name)));
    default: return printer.add(fmt::format("<{}>", type_name(value)));
  }
}

void append_escaped(std::string& out, std::string_view text, bool ensure_ascii) {
  out += '"';
  for (size_t offset = 0; offset < text.size();) {
    const size_t begin = offset;
    const char32_t c = next_code_point(text, offset);
    switch (c) {
      case '"': out += "\\\""; continue;
      case '\\': out += "\\\\"; continue;
      case '\n': out += "\\n"; continue;
      case '\r': out += "\\r"; continue;
      case '\t': out += "\\t"; continue;
      case '\f': out += "\\f"; continue;
      case '\b': out += "\\b"; continue;
      default: break;
    }
    if (c < 0x20 || (ensure_ascii && c >= 0x7F && c <= 0xFFFF)) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    } else if (ensure_ascii && c > 0xFFFF) {
      const uint32_t rest = static_cast<uint32_t>(c) - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
    } else {
      out += text.substr(begin, offset - begin);
    }
  }
  out += '"';
}

struct JsonPrinter {
  Printer& printer;
  const JsonStyle& style;
  int level = 0;

  void string(const Value& value) {
    printer.budget.bytes(value.bytes().size());
    std::string text;
    append_escaped(text, value.bytes(), style.ensure_ascii);
    printer.from_input = printer.from_input || value.text().any_from_input();
    printer.add(text);
  }

  void line() {
    if (!style.has_indent) return;
    printer.add("\n");
    for (int i = 0; i < level; ++i) printer.add(style.indent);
  }

  static std::string float_json(double f) {
    if (std::isnan(f)) return "NaN";
    if (std::isinf(f)) return f > 0 ? "Infinity" : "-Infinity";
    return float_text(f);
  }

  void key(const Value& key) {
    switch (key.kind()) {
      case Kind::kString: return string(key);
      case Kind::kNone: return printer.add("\"null\"");
      case Kind::kBool: return printer.add(key.as_bool() ? "\"true\"" : "\"false\"");
      case Kind::kInt: return printer.add(fmt::format("\"{}\"", key.as_int()));
      case Kind::kFloat: return printer.add(fmt::format("\"{}\"", float_json(key.as_double())));
      default: raise("chat.template_not_json", type_name(key));
    }
  }

  void items(const std::vector<Value>& items) {
    if (items.empty()) return printer.add("[]");
    printer.add("[");
    ++level;
    bool first = true;
    for (const Value& item : items) {
      if (!first) printer.add(style.item_separator);
      first = false;
      line();
      value(item);
    }
    --level;
    line();
    printer.add("]");
  }

  void dict(const Dict& dict) {
    if (dict.items.empty()) return printer.add("{}");
    auto entries = dict.items;
    if (style.sort_keys) {
      printer.budget.items(entries.size());
      std::stable_sort(entries.begin(), entries.end(),
                       [&](const auto& a, const auto& b) { return less(a.first, b.first, printer.budget); });
    }
    printer.add("{");
    ++level;
    bool first = true;
    for (const auto& [name, item] : entries) {
      if (!first) printer.add(style.item_separator);
      first = false;
      line();
      key(name);
      printer.add(style.key_separator);
      value(item);
    }
    --level;
    line();
    printer.add("}");
  }

  void value(const Value& value) {
    printer.budget.step();
    switch (value.kind()) {
      case Kind::kString: return string(value);
      case Kind::kNone: return printer.add("null");
      case Kind::kBool: return printer.add(value.as_bool() ? "true" : "false");
      case Kind::kInt: return printer.add(fmt::format("{}", value.as_int()));
      case Kind::kFloat: return printer.add(float_json(value.as_double()));
      case Kind::kList:
      case Kind::kTuple:
        return items(value.as_sequence().items);
      case Kind::kDict: return dict(value.as_dict());
      default: raise("chat.template_not_json", type_name(value));
    }
  }
};

}  // namespace

std::string float_text(double f) {
  if (std::isnan(f)) return "nan";
  if (std::isinf(f)) return f > 0 ? "inf" : "-inf";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, f, std::chars_format::scientific).ptr;
  std::string_view text(buffer, static_cast<size_t>(end - buffer));  // d.ddde+xx
  const size_t e = text.find('e');
  int exponent = 0;
  const std::string_view digits_of_exponent = text.substr(e + (text[e + 1] == '+' ? 2 : 1));
  std::from_chars(digits_of_exponent.data(), digits_of_exponent.data() + digits_of_exponent.size(), exponent);
  if (exponent < -4 || exponent >= 16) {
    return fmt::format("{}e{}{:02}", text.substr(0, e), exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  const auto fixed_end = std::to_chars(buffer, buffer + sizeof buffer, f, std::chars_format::fixed).ptr;
  std::string fixed(buffer, static_cast<size_t>(fixed_end - buffer));
  if (fixed.find('.') == std::string::npos) fixed += ".0";
  return fixed;
}

std::string quoted(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for (size_t offset = 0; offset < text.size();) {
    const size_t begin = offset;
    const char32_t c = next_code_point(text, offset);
    if (c == static_cast<unsigned char>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      out += text.substr(begin, offset - begin);
    } else if (c <= 0xFF) {
      out += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
    } else if (c <= 0xFFFF) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    } else {
      out += fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
    }
  }
  out += quote;
  return out;
}

MarkedText to_text(const Value& value, Budget& budget) {
  if (value.is_string()) {
    budget.bytes(value.bytes().size());
    return value.text();
  }
  if (value.is_undefined()) return {};
  return to_repr(value, budget);
}

MarkedText to_repr(const Value& value, Budget& budget) {
  Printer printer{budget, {}};
  repr(printer, value);
  return MarkedText(std::move(printer.out), printer.from_input);
}

MarkedText to_json_text(const Value& value, const JsonStyle& style, Budget& budget) {
  Printer printer{budget, {}};
  JsonPrinter{printer, style}.value(value);
  return MarkedText(std::move(printer.out), printer.from_input);
}

}  // namespace slm::chat
