#include "chat/context.h"

#include "base/json.h"

namespace slm::chat {
namespace {

// Recursion as deep as parse_json lets JSON be.
Value value_of(const Json& json, bool from_input) {
  switch (json.type()) {
    case Json::value_t::boolean: return Value::boolean(json.get<bool>());
    case Json::value_t::number_integer: return Value::integer(json.get<int64_t>());
    case Json::value_t::number_unsigned: {
      const auto number = json.get<uint64_t>();
      if (number > static_cast<uint64_t>(INT64_MAX)) throw Failure{msg("chat.context_number", number)};
      return Value::integer(static_cast<int64_t>(number));
    }
    case Json::value_t::number_float: return Value::real(json.get<double>());
    case Json::value_t::string: return Value::string(MarkedText(json.get_ref<const std::string&>(), from_input));
    case Json::value_t::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const Json& item : json) items.push_back(value_of(item, from_input));
      return Value::list(std::move(items));
    }
    case Json::value_t::object: {
      Dict dict;
      for (const auto& [key, item] : json.items()) {
        dict.set(Value::string(MarkedText(key, from_input)), value_of(item, from_input));
      }
      return Value::dict(std::move(dict));
    }
    default: return Value::none();
  }
}

}  // namespace

Result<Dict> context_from_json(std::string_view text) {
  SLM_TRY(json, parse_json(text));
  if (!json.is_object()) return fail(ErrorKind::kFailed, "chat.context_not_object");
  try {
    Dict context;
    for (const auto& [name, value] : json.items()) {
      context.set(Value::literal(name), value_of(value, !std::string_view(name).ends_with("_token")));
    }
    return context;
  } catch (const Failure& failure) {
    return tl::unexpected<Error>(Error{ErrorKind::kFailed, failure.message, {}});
  }
}

}  // namespace slm::chat
