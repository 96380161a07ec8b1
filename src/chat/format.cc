#include "chat/format.h"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "chat/interpreter.h"
#include "chat/print.h"
#include "chat/unicode.h"

namespace slm::chat {
namespace {

constexpr int64_t kMaxWidth = 65'536;      // of one field
constexpr int64_t kMaxPrecision = 400;     // digits

[[noreturn]] void raise_format() { raise("chat.template_argument", "format"); }

// How one field is laid out; the union of what both notations can say.
struct Layout {
  std::string fill = " ";
  char align = '\0';  // < > ^ =, or none
  char sign = '-';    // - + or space
  bool alternate = false, comma = false;
  int64_t width = 0;
  int64_t precision = -1;
  char type = '\0';
};

void pad(MarkedText& out, const MarkedText& text, const Layout& layout, char default_align) {
  const auto length = static_cast<int64_t>(count_code_points(text.bytes()));
  const auto missing = static_cast<size_t>(std::max<int64_t>(0, layout.width - length));
  const char align = layout.align == '\0' ? default_align : layout.align;
  const size_t left = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  for (size_t i = 0; i < left; ++i) out.append(layout.fill, false);
  out.append(text);
  for (size_t i = left; i < missing; ++i) out.append(layout.fill, false);
}

// Sign and digits apart, for "=" and zero padding between them.
void pad_number(MarkedText& out, const std::string& sign, const std::string& digits, const Layout& layout) {
  if (layout.align == '=') {
    const auto length = static_cast<int64_t>(sign.size() + digits.size());
    out.append(sign, false);
    for (int64_t i = length; i < layout.width; ++i) out.append(layout.fill, false);
    out.append(digits, false);
    return;
  }
  pad(out, MarkedText(sign + digits, false), layout, '>');
}

std::string sign_text(bool is_negative, char sign) {
  if (is_negative) return "-";
  return sign == '-' ? "" : std::string(1, sign);
}

std::string with_commas(const std::string& digits) {
  const size_t whole = std::min(digits.find_first_of(".e"), digits.size());
  std::string out;
  for (size_t i = 0; i < whole; ++i) {
    if (i != 0 && (whole - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out + digits.substr(whole);
}

void format_integer(MarkedText& out, int64_t value, const Layout& layout) {
  const uint64_t magnitude = value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  std::string digits, prefix;
  switch (layout.type) {
    case 'x': digits = fmt::format("{:x}", magnitude), prefix = "0x"; break;
    case 'X': digits = fmt::format("{:X}", magnitude), prefix = "0X"; break;
    case 'o': digits = fmt::format("{:o}", magnitude), prefix = "0o"; break;
    case 'b': digits = fmt::format("{:b}", magnitude), prefix = "0b"; break;
    default: digits = fmt::format("{}", magnitude); break;
  }
  if (layout.comma) digits = with_commas(digits);
  const auto wanted = static_cast<size_t>(std::max<int64_t>(0, layout.precision));
  if (digits.size() < wanted) digits.insert(0, wanted - digits.size(), '0');
  pad_number(out, sign_text(value < 0, layout.sign) + (layout.alternate ? prefix : ""), digits, layout);
}

void format_real(MarkedText& out, double value, const Layout& layout) {
  const bool is_negative = std::signbit(value);
  const double magnitude = std::abs(value);
  std::string digits;
  if (layout.type == '\0' && layout.precision < 0) {
    digits = float_text(magnitude);
  } else {
    const char kind = layout.type == '\0' ? 'g' : layout.type == '%' ? 'f' : layout.type;
    const char pattern[] = {'%', '.', '*', kind, '\0'};
    char buffer[1024];
    const int precision = static_cast<int>(layout.precision < 0 ? 6 : layout.precision);
    const int n = std::snprintf(buffer, sizeof buffer, pattern, precision, layout.type == '%' ? magnitude * 100 : magnitude);
    if (n < 0 || n >= static_cast<int>(sizeof buffer)) raise_format();
    digits.assign(buffer, static_cast<size_t>(n));
    if (layout.type == '%') digits += '%';
  }
  if (layout.comma) digits = with_commas(digits);
  pad_number(out, sign_text(is_negative, layout.sign), digits, layout);
}

MarkedText cut(const MarkedText& text, int64_t precision) {
  if (precision < 0) return text;
  return text.slice(0, offset_of_code_point(text.bytes(), static_cast<size_t>(precision)));
}

int64_t read_number(std::string_view text, size_t& at, int64_t limit) {
  int64_t value = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    value = value * 10 + (text[at] - '0');
    if (value > limit) raise("chat.template_limit_bytes", limit);
  }
  return value;
}

bool is_integer_type(char type) {
  return type == 'd' || type == 'x' || type == 'X' || type == 'o' || type == 'b';
}

// --- "%" ---

class PercentFormatter {
 public:
  PercentFormatter(const Value& text, const Value& values, Budget& budget)
      : text_(text.text()), values_(values), budget_(budget) {}

  MarkedText run() {
    const std::string& bytes = text_.bytes();
    budget_.bytes(bytes.size());
    size_t copied = 0;
    for (size_t at = bytes.find('%'); at != std::string::npos; at = bytes.find('%', at)) {
      out_.append(text_.slice(copied, at));
      field(++at);
      copied = at;
    }
    out_.append(text_.slice(copied, text_.size()));
    const bool all_used = values_.is(Kind::kTuple) ? next_ >= values_.as_sequence().items.size()
                                                   : next_ > 0 || is_mapping_like();
    if (!all_used) raise_format();
    return std::move(out_);
  }

 private:
  // Python lets these go unused.
  bool is_mapping_like() const {
    return values_.is(Kind::kDict) || values_.is(Kind::kList) || values_.is(Kind::kRange) || values_.is_undefined();
  }

  const Value& next_value() {
    if (values_.is(Kind::kTuple)) {
      const auto& items = values_.as_sequence().items;
      if (next_ >= items.size()) raise_format();
      return items[next_++];
    }
    if (next_++ > 0) raise_format();
    return values_;
  }

  int64_t star_or_number(std::string_view bytes, size_t& at, int64_t limit) {
    if (at >= bytes.size() || bytes[at] != '*') return read_number(bytes, at, limit);
    ++at;
    const Value& value = next_value();
    if (!value.is_integral() || value.as_int() < 0 || value.as_int() > limit) raise_format();
    return value.as_int();
  }

  void field(size_t& at) {
    const std::string& bytes = text_.bytes();
    const Value* named = nullptr;
    if (at < bytes.size() && bytes[at] == '(') {
      const size_t close = bytes.find(')', at);
      if (close == std::string::npos || !values_.is(Kind::kDict)) raise_format();
      named = values_.as_dict().find(std::string_view(bytes).substr(at + 1, close - at - 1));
      if (named == nullptr) raise_format();
      by_name_ = true;
      at = close + 1;
    }
    Layout layout;
    for (; at < bytes.size() && std::string_view("-+ #0").find(bytes[at]) != std::string_view::npos; ++at) {
      if (bytes[at] == '-') layout.align = '<';
      if (bytes[at] == '+') layout.sign = '+';
      if (bytes[at] == ' ' && layout.sign != '+') layout.sign = ' ';
      if (bytes[at] == '#') layout.alternate = true;
      if (bytes[at] == '0' && layout.align != '<') layout.fill = std::string(1, '0'), layout.align = '=';
    }
    layout.width = star_or_number(bytes, at, kMaxWidth);
    if (at < bytes.size() && bytes[at] == '.') layout.precision = star_or_number(bytes, ++at, kMaxPrecision);
    if (at >= bytes.size()) raise_format();
    layout.type = bytes[at++];
    if (layout.type == '%') return out_.append("%", false);
    convert(named != nullptr ? *named : next_value(), layout);
  }

  void convert(const Value& value, Layout layout) {
    budget_.bytes(static_cast<size_t>(layout.width));
    switch (layout.type) {
      case 's':
      case 'r': {
        if (layout.align == '=') layout.fill = std::string(1, ' '), layout.align = '>';
        const MarkedText text = layout.type == 's' ? to_text(value, budget_) : to_repr(value, budget_);
        return pad(out_, cut(text, layout.precision), layout, '>');
      }
      case 'c': {
        std::string character;
        if (value.is_integral()) {
          const int64_t c = value.as_int();
          if (c < 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) raise_format();
          append_code_point(character, static_cast<char32_t>(c));
        } else if (!value.is_string() || count_code_points(value.bytes()) != 1) {
          raise_format();
        }
        return pad(out_, character.empty() ? value.text() : MarkedText(character, false), layout, '>');
      }
      case 'd':
      case 'i':
      case 'u':
        if (!value.is_number()) raise_format();
        layout.type = 'd';
        return format_integer(out_, whole(value), layout);
      case 'x':
      case 'X':
      case 'o':
        if (!value.is_integral()) raise_format();
        return format_integer(out_, value.as_int(), layout);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        if (!value.is_number()) raise_format();
        return format_real(out_, value.as_double(), layout);
      default: raise_format();
    }
  }

  static int64_t whole(const Value& value) {
    if (value.is_integral()) return value.as_int();
    const double f = std::trunc(value.as_double());
    if (!(std::abs(f) < 9.2e18)) raise("chat.template_overflow");
    return static_cast<int64_t>(f);
  }

  const MarkedText& text_;
  const Value& values_;
  Budget& budget_;
  MarkedText out_;
  size_t next_ = 0;
  bool by_name_ = false;
};

// --- "{}" ---

class BraceFormatter {
 public:
  BraceFormatter(Interpreter& interpreter, const MarkedText& text, const Arguments& arguments)
      : interpreter_(interpreter), text_(text), arguments_(arguments) {}

  MarkedText run() {
    const std::string& bytes = text_.bytes();
    interpreter_.budget().bytes(bytes.size());
    size_t copied = 0;
    for (size_t at = bytes.find_first_of("{}"); at != std::string::npos; at = bytes.find_first_of("{}", at)) {
      out_.append(text_.slice(copied, at));
      if (at + 1 < bytes.size() && bytes[at + 1] == bytes[at]) {
        out_.append(text_.slice(at, at + 1));
        at += 2;
      } else if (bytes[at] == '{') {
        at = field(at + 1);
      } else {
        raise_format();
      }
      copied = at;
    }
    out_.append(text_.slice(copied, text_.size()));
    return std::move(out_);
  }

 private:
  size_t field(size_t begin) {
    const std::string& bytes = text_.bytes();
    const size_t close = bytes.find('}', begin);
    if (close == std::string::npos) raise_format();
    std::string_view inside = std::string_view(bytes).substr(begin, close - begin);
    if (inside.find('{') != std::string_view::npos) raise_format();  // fields in fields
    std::string_view layout_text;
    if (const size_t colon = inside.find(':'); colon != std::string_view::npos) {
      layout_text = inside.substr(colon + 1);
      inside = inside.substr(0, colon);
    }
    char conversion = '\0';
    if (const size_t mark = inside.find('!'); mark != std::string_view::npos) {
      if (mark + 2 != inside.size()) raise_format();
      conversion = inside[mark + 1];
      inside = inside.substr(0, mark);
    }
    const Value value = resolve(inside);
    if (conversion == 'r') {
      write(interpreter_.string(to_repr(value, interpreter_.budget())), layout_text);
    } else if (conversion == 's') {
      write(interpreter_.string(interpreter_.to_text(value)), layout_text);
    } else if (conversion == '\0') {
      write(value, layout_text);
    } else {
      raise_format();
    }
    return close + 1;
  }

  Value first_value(std::string_view name) {
    int64_t index = 0;
    if (name.empty()) {
      if (numbered_) raise_format();  // {0} and {} do not mix
      index = next_++;
    } else {
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
      if (error != std::errc() || end != name.data() + name.size()) {
        for (const auto& [known, value] : arguments_.named) {
          if (known == name) return value;
        }
        raise_format();
      }
      if (next_ > 0) raise_format();
      numbered_ = true;
    }
    if (index < 0 || static_cast<size_t>(index) >= arguments_.positional.size()) raise_format();
    return arguments_.positional[static_cast<size_t>(index)];
  }

  Value resolve(std::string_view path) {
    const size_t name_end = std::min(path.find_first_of(".["), path.size());
    Value value = first_value(path.substr(0, name_end));
    for (size_t at = name_end; at < path.size();) {
      if (path[at] == '.') {
        const size_t end = std::min(path.find_first_of(".[", at + 1), path.size());
        value = interpreter_.attribute(value, path.substr(at + 1, end - at - 1));
        at = end;
      } else {
        const size_t end = path.find(']', at);
        if (path[at] != '[' || end == std::string_view::npos) raise_format();
        const std::string_view key = path.substr(at + 1, end - at - 1);
        int64_t index = 0;
        const auto [stop, error] = std::from_chars(key.data(), key.data() + key.size(), index);
        const bool is_index = error == std::errc() && stop == key.data() + key.size();
        value = interpreter_.item(value, is_index ? Value::integer(index) : Value::literal(std::string(key)));
        at = end + 1;
      }
    }
    return value;
  }

  static Layout parse(std::string_view text) {
    Layout layout;
    size_t at = 0;
    if (!text.empty()) {
      size_t after = 0;
      next_code_point(text, after);
      const std::string_view aligns = "<>^=";
      if (after < text.size() && aligns.find(text[after]) != std::string_view::npos) {
        layout.fill = text.substr(0, after);
        layout.align = text[after];
        at = after + 1;
      } else if (aligns.find(text[0]) != std::string_view::npos) {
        layout.align = text[0];
        at = 1;
      }
    }
    const auto take = [&](std::string_view any) {
      return at < text.size() && any.find(text[at]) != std::string_view::npos ? text[at++] : '\0';
    };
    if (const char sign = take("+- ")) layout.sign = sign;
    layout.alternate = take("#") != '\0';
    if (take("0") != '\0' && layout.align == '\0') layout.fill = std::string(1, '0'), layout.align = '=';
    layout.width = read_number(text, at, kMaxWidth);
    layout.comma = take(",") != '\0';
    if (take(".") != '\0') layout.precision = read_number(text, at, kMaxPrecision);
    if (at < text.size()) layout.type = text[at++];
    if (at != text.size()) raise_format();
    return layout;
  }

  void write(const Value& value, std::string_view layout_text) {
    if (layout_text.empty()) return out_.append(interpreter_.to_text(value));
    Layout layout = parse(layout_text);
    interpreter_.budget().bytes(static_cast<size_t>(layout.width) * layout.fill.size());
    if (value.is_string()) {
      if ((layout.type != '\0' && layout.type != 's') || layout.align == '=') raise_format();
      return pad(out_, cut(value.text(), layout.precision), layout, '<');
    }
    const bool real_type = layout.type != '\0' && std::string_view("eEfFgG%").find(layout.type) != std::string_view::npos;
    if (value.is(Kind::kFloat) || (value.is_integral() && real_type)) {
      if (layout.type != '\0' && !real_type) raise_format();
      return format_real(out_, value.as_double(), layout);
    }
    if (!value.is_integral() || layout.precision >= 0) raise_format();
    if (layout.type != '\0' && !is_integer_type(layout.type)) raise_format();
    format_integer(out_, value.as_int(), layout);
  }

  Interpreter& interpreter_;
  const MarkedText& text_;
  const Arguments& arguments_;
  MarkedText out_;
  int64_t next_ = 0;
  bool numbered_ = false;
};

}  // namespace

Value percent_format(const Value& text, const Value& values, Budget& budget) {
  return Value::string(PercentFormatter(text, values, budget).run(), text.as_string().is_markup);
}

Value brace_format(Interpreter& interpreter, const Value& text, const Arguments& arguments) {
  return Value::string(BraceFormatter(interpreter, text.text(), arguments).run(), text.as_string().is_markup);
}

}  // namespace slm::chat
