// Files of evaluation sets: found below the data directories, checked by digest, unpacked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm::lab {

struct FoundFile {
  std::string path;       // to open
  std::string name;       // below the data directory
  std::string stem;       // "agronomy" of "cmmlu/test/agronomy.csv"
};

// The files of `directory` that `pattern` names: one, or, with one "*" in its last part, all that match, by name. Empty: none.
// Errors: kCorrupt (a pattern that leaves the directory).
Result<std::vector<FoundFile>> find_data_files(const std::string& directory, const std::string& pattern);

// The text of a file, ".gz" and ".bz2" unpacked. `sha256` is the file's as it lies there; "" is not checked. Errors: those of reading and unpacking,
// kCorrupt (another digest, both named; not UTF-8).
Result<std::string> read_data_file(const FoundFile& file, std::string_view sha256);

}  // namespace slm::lab
