// A lock that another process may hold for long: the wait is told.
#pragma once

#include <string>

#include "base/files.h"
#include "hub/layout.h"
#include "hub/store.h"

namespace slm::hub {

// `path` is below layout.locks(), which is made when missing; `shown` is what is waited for. Errors: as FileLock::take.
inline Result<FileLock> take_or_wait(const Layout& layout, const std::string& path, const std::string& shown, const OnProgress& progress) {
  SLM_TRY_STATUS(make_directories(layout.locks()));
  SLM_TRY(lock, FileLock::take(path, false));
  if (lock.held()) return lock;
  if (progress) progress({"wait", shown, 0, 0});
  return FileLock::take(path, true);
}

}  // namespace slm::hub
