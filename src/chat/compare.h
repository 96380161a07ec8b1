// Python's ==, < and in, and walking over what can be iterated.
#pragma once

#include <vector>

#include "chat/value.h"

namespace slm::chat {

bool equal(const Value& a, const Value& b, Budget& budget);

// a < b. Raises where Python raises TypeError (text with numbers, None with anything).
bool less(const Value& a, const Value& b, Budget& budget);

// item in container. Raises on what is no container.
bool contains(const Value& container, const Value& item, Budget& budget);

bool is_iterable(const Value& value);

// The items one after another: characters of a string, keys of a dict; a generator is used up. Raises on what cannot be iterated.
std::vector<Value> items_of(const Value& value, Budget& budget);

// len(value). Raises where there is none.
size_t length_of(const Value& value, Budget& budget);

}  // namespace slm::chat
