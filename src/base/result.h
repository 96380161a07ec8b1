// How failure looks everywhere. Input can be wrong: return a Result with a kind, a message and the place in it.
// We can be wrong: SLM_CHECK, always on, aborts; never on data that came from a file or a client.
// No exception crosses a module.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "base/message.h"

namespace slm {

// Also the exit codes of the program.
enum class ErrorKind {
  kFailed = 1,      // what was asked could not be done
  kUsage = 2,       // wrong flags or arguments
  kNotFound = 3,    // no such file, model, data set
  kDoesNotFit = 4,  // memory, context, disk
  kNetwork = 5,     // a source could not be reached or broke off
  kCorrupt = 6,     // bytes that are not what they claim to be
};

// "failed", "usage", "not_found", "does_not_fit", "network", "corrupt": the names in JSON.
std::string_view kind_name(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::kFailed;
  Message message;  // what happened, and where: byte offset, JSON path, tensor name
  Message hint;     // what to do next; may be empty

  std::string text(Language in = language()) const { return render(message, in); }
  std::string hint_text(Language in = language()) const { return render(hint, in); }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// return fail(ErrorKind::kCorrupt, "gguf.bad_magic", path, offset);
template <class... Args>
tl::unexpected<Error> fail(ErrorKind kind, std::string_view key, const Args&... args) {
  return tl::unexpected<Error>(Error{kind, msg(key, args...), {}});
}

// return fail_with_hint(ErrorKind::kNotFound, msg("hub.no_model", name), msg("hub.try_pull", name));
inline tl::unexpected<Error> fail_with_hint(ErrorKind kind, Message message, Message hint) {
  return tl::unexpected<Error>(Error{kind, std::move(message), std::move(hint)});
}

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace slm

#define SLM_CONCAT_(a, b) a##b
#define SLM_CONCAT(a, b) SLM_CONCAT_(a, b)

// SLM_TRY(file, open(path)): returns the error, or declares `file` holding the value.
#define SLM_TRY(name, expression) SLM_TRY_(SLM_CONCAT(slm_try_, __COUNTER__), name, expression)
#define SLM_TRY_(temporary, name, expression)                                 \
  auto temporary = (expression);                                              \
  if (!temporary) return tl::unexpected<::slm::Error>(std::move(temporary).error()); \
  auto name = std::move(temporary).value()

// SLM_TRY_STATUS(write(x)): returns the error, or goes on.
#define SLM_TRY_STATUS(expression) SLM_TRY_STATUS_(SLM_CONCAT(slm_try_, __COUNTER__), expression)
#define SLM_TRY_STATUS_(temporary, expression) \
  if (auto temporary = (expression); !temporary) return tl::unexpected<::slm::Error>(std::move(temporary).error())

#define SLM_CHECK(condition) \
  ((condition) ? (void)0 : ::slm::check_failed(#condition, __FILE__, __LINE__))
