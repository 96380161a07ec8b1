#include "chat/failure.h"

namespace slm::chat {

Error to_error(Failure failure, ErrorKind kind, int line) {
  auto& args = failure.message.args;
  args.insert(args.begin(), fmt::format("{}", failure.line != 0 ? failure.line : line));
  return Error{kind, std::move(failure.message), {}};
}

}  // namespace slm::chat
