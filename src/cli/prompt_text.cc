#include "cli/prompt_text.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/limits.h"

namespace slm::cli {

Result<std::optional<std::string>> piped_text(const std::string& encoding) {
  struct stat status = {};
  if (fstat(STDIN_FILENO, &status) != 0) return std::nullopt;
  if (!S_ISFIFO(status.st_mode) && !S_ISREG(status.st_mode) && !S_ISSOCK(status.st_mode)) return std::nullopt;
  SLM_TRY(bytes, read_descriptor(STDIN_FILENO, limits::kMaxPromptBytes));
  SLM_TRY(text, decode_text(bytes, encoding, "stdin"));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return std::optional<std::string>(std::move(text));
}

}  // namespace slm::cli
