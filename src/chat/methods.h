// Methods of strings, dicts, lists, tuples and loops.
#pragma once

#include <optional>
#include <string_view>

#include "chat/value.h"

namespace slm::chat {

class Interpreter;
struct Arguments;

// The method `name` of the object: a kMethod; for one that would change a list or dict an undefined value that says so when it is
// used (transformers' sandbox); nothing when there is no such method.
std::optional<Value> find_method(const Value& object, std::string_view name);

Value call_method(Interpreter& interpreter, const Method& method, const Arguments& arguments);

}  // namespace slm::chat
