#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace slm {

std::string_view kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kFailed: return "failed";
    case ErrorKind::kUsage: return "usage";
    case ErrorKind::kNotFound: return "not_found";
    case ErrorKind::kDoesNotFit: return "does_not_fit";
    case ErrorKind::kNetwork: return "network";
    case ErrorKind::kCorrupt: return "corrupt";
  }
  return "failed";
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "slm: internal check failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace slm
