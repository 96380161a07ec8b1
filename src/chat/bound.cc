#include <algorithm>

#include "chat/interpreter.h"

namespace slm::chat {

Bound::Bound(const Arguments& arguments, std::string_view callee, std::initializer_list<std::string_view> parameters,
             size_t required)
    : callee_(callee), values_(parameters.size(), nullptr) {
  if (arguments.positional.size() > parameters.size()) raise("chat.template_argument", callee);
  for (size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto* found = std::find(parameters.begin(), parameters.end(), name);
    if (found == parameters.end()) raise("chat.template_argument", callee);
    const Value*& slot = values_[static_cast<size_t>(found - parameters.begin())];
    if (slot != nullptr) raise("chat.template_argument", callee);
    slot = &value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (values_[i] == nullptr) raise("chat.template_argument", callee);
  }
}

int64_t Bound::integer(size_t i, int64_t otherwise) const {
  if (values_[i] == nullptr) return otherwise;
  if (values_[i]->is_undefined()) raise_undefined(*values_[i]);
  if (!values_[i]->is_integral()) raise("chat.template_argument", callee_);
  return values_[i]->as_int();
}

const MarkedText& Bound::text(size_t i) const {
  if (values_[i] == nullptr) raise("chat.template_argument", callee_);
  if (values_[i]->is_undefined()) raise_undefined(*values_[i]);
  if (!values_[i]->is_string()) raise("chat.template_argument", callee_);
  return values_[i]->text();
}

}  // namespace slm::chat
