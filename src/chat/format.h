// Python's two ways to format: "%s" % x and "{}".format(x).
#pragma once

#include "chat/value.h"

namespace slm::chat {

class Interpreter;
struct Arguments;

// text % values: values is a tuple, a dict for %(name)s, or one value.
Value percent_format(const Value& text, const Value& values, Budget& budget);

// text.format(...): fields by position and name, attributes and items inside them, fill, alignment, sign, width, comma,
// precision and the types of text and numbers.
Value brace_format(Interpreter& interpreter, const Value& text, const Arguments& arguments);

}  // namespace slm::chat
