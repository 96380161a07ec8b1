// What it means that a file could not be written.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>

#include "base/result.h"

namespace slm::hub {

// kDoesNotFit where the disk or the user's share of it is full, else kFailed; `number` is an errno.
inline tl::unexpected<Error> cannot_write(const std::string& path, int number = errno) {
  if (number == ENOSPC || number == EDQUOT) return fail_with_hint(ErrorKind::kDoesNotFit, msg("hub.disk_full", path), msg("hub.free_space"));
  return fail(ErrorKind::kFailed, "base.cannot_write", path, std::strerror(number));
}

}  // namespace slm::hub
