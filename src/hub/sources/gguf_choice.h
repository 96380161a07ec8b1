// Which of a repository's files is meant.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace slm::hub {

struct ListedFile {
  std::string path;
  uint64_t bytes = 0;
  std::string sha256;  // "" unknown
};

// The one model whose path names the quantisation (between separators, in any case: "Q4_K" is not in "model-q4_k_m.gguf"), or with "" the only one
// there is; projectors (mmproj) do not count. Its file, or where it is in several (-00001-of-00003.gguf) all of them in order. Errors: kNotFound (none of
// that name, none at all; a part of it missing), kUsage (several), each with the list; kCorrupt (more files than parts).
Result<std::vector<ListedFile>> choose_gguf(const std::vector<ListedFile>& files, const std::string& quantization, const std::string& repository);

}  // namespace slm::hub
