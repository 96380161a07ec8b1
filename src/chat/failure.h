// How the interpreter fails inside: thrown where it happens, caught in Template::compile() and Template::render(), which
// put the line in front. It never leaves the room.
#pragma once

#include <string_view>
#include <utility>

#include "base/message.h"
#include "base/result.h"

namespace slm::chat {

struct Failure {
  Message message;  // args without the line, which stands at {0} in every text
  int line = 0;     // 0: the line the interpreter was at
};

template <class... Args>
[[noreturn]] void raise(std::string_view key, const Args&... args) {
  throw Failure{msg(key, args...)};
}

// The failure as an Error; its line, or `line` where it has none.
Error to_error(Failure failure, ErrorKind kind, int line);

}  // namespace slm::chat
