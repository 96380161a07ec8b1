// Python's arithmetic, and slices.
#pragma once

#include <optional>

#include "chat/ast.h"

namespace slm::chat {

// left OP right for + - * / // % **; raises on operands Python refuses, on integers outside 64 bits and on division by zero.
Value arithmetic(Operation operation, const Value& left, const Value& right, Budget& budget);
Value negative(const Value& value);
Value positive(const Value& value);

// value[start:stop:step] of a string, list, tuple or range.
struct SliceBounds {
  std::optional<int64_t> start, stop, step;
};
Value slice_of(const Value& value, const SliceBounds& bounds, Budget& budget);

// & < > " ' as HTML writes them.
MarkedText html_escaped(const MarkedText& text, Budget& budget);

}  // namespace slm::chat
