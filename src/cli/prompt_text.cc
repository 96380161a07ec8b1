#include "cli/prompt_text.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/limits.h"
#include "base/text.h"

namespace slm::cli {

Result<std::string> decode_text(const std::string& bytes, const std::string& encoding, const std::string& where) {
  if (!encoding.empty() && encoding != "utf-8" && encoding != "UTF-8") return from_encoding(bytes, encoding);
  const auto bad = first_invalid_utf8(bytes);
  if (!bad) return bytes;
  const Message message = msg("cli.bad_utf8", where, *bad);
  if (looks_like_gb18030(bytes)) return fail_with_hint(ErrorKind::kCorrupt, message, msg("cli.try_gb18030"));
  return fail_with_hint(ErrorKind::kCorrupt, message, msg("cli.try_encoding"));
}

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
