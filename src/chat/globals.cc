#include "chat/globals.h"

#include <clocale>

#include <locale.h>

#include "chat/compare.h"

namespace slm::chat {
namespace {

Value range(Interpreter& interpreter, const Arguments& given) {
  const Bound bound(given, "range", {"start", "stop", "step"}, 1);
  if (!given.named.empty()) raise("chat.template_argument", "range");
  const bool one = bound[1] == nullptr;
  const int64_t start = one ? 0 : bound.integer(0, 0);
  const int64_t stop = one ? bound.integer(0, 0) : bound.integer(1, 0);
  const int64_t step = bound.integer(2, 1);
  if (step == 0) raise("chat.template_argument", "range");
  interpreter.budget().step();
  const IntegerRange numbers{start, stop, step};
  if (numbers.size() > limits::kTemplateMaxRange) raise("chat.template_limit_range", limits::kTemplateMaxRange);
  return Value::range(start, stop, step);
}

// dict(mapping or pairs, **more), also what namespace() takes.
Dict dict_of(Interpreter& interpreter, const Arguments& given, std::string_view name) {
  Dict out;
  if (given.positional.size() > 1) raise("chat.template_argument", name);
  if (!given.positional.empty()) {
    const Value& source = given.positional[0];
    if (source.is_undefined()) raise_undefined(source);
    if (source.is(Kind::kDict)) {
      interpreter.budget().items(source.as_dict().items.size());
      out = source.as_dict();
    } else {
      for (const Value& pair : items_of(source, interpreter.budget())) {
        const std::vector<Value> both = items_of(pair, interpreter.budget());
        if (both.size() != 2) raise("chat.template_unpack", 2, both.size());
        out.set(both[0], both[1]);
      }
    }
  }
  for (const auto& [key, value] : given.named) out.set(Value::literal(std::string(key)), value);
  return out;
}

Value dict(Interpreter& interpreter, const Arguments& given) { return Value::dict(dict_of(interpreter, given, "dict")); }

Value new_namespace(Interpreter& interpreter, const Arguments& given) {
  Dict attributes = dict_of(interpreter, given, "namespace");
  for (const auto& entry : attributes.items) {
    if (entry.first.is_string() && entry.first.bytes().starts_with('_')) {
      raise("chat.template_refused", entry.first.bytes());
    }
  }
  return interpreter.new_namespace(std::move(attributes));
}

Value raise_exception(Interpreter& interpreter, const Arguments& given) {
  const Bound bound(given, "raise_exception", {"message"}, 1);
  raise("chat.template_raised", interpreter.to_text(*bound[0]).bytes());
}

Value strftime_now(Interpreter& interpreter, const Arguments& given) {
  const Bound bound(given, "strftime_now", {"format"}, 1);
  const MarkedText& format = bound.text(0);
  // Names of months and days stay English whatever the process's locale is.
  static const locale_t c_locale = newlocale(LC_ALL_MASK, "C", static_cast<locale_t>(nullptr));
  char buffer[1024];
  const std::string text = format.bytes();
  if (text.empty()) return interpreter.string({});
  const size_t n = strftime_l(buffer, sizeof buffer, text.c_str(), &interpreter.now(), c_locale);
  if (n == 0) raise("chat.template_argument", "strftime_now");
  return interpreter.string(MarkedText(std::string(buffer, n), format.any_from_input()));
}

constexpr Function kGlobals[] = {
    {"range", range},
    {"namespace", new_namespace},
    {"dict", dict},
    {"raise_exception", raise_exception},
    {"strftime_now", strftime_now},
};

}  // namespace

const Function* find_global(std::string_view name) {
  for (const Function& function : kGlobals) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

}  // namespace slm::chat
