#include "lab/energy/small_files.h"

#include <charconv>

#include "base/files.h"

namespace slm::lab {

Result<std::string> read_word(const std::string& path) {
  SLM_TRY(text, read_text_file(path, 4096));
  text.resize(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

Result<int64_t> read_number(const std::string& path) {
  SLM_TRY(word, read_word(path));
  int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) return fail(ErrorKind::kFailed, "lab.energy.no_number", path);
  return number;
}

}  // namespace slm::lab
