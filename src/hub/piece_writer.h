// Writes a file from its beginning in pieces of 2 MiB, whatever is given: what is written at once stays in one page of the page cache, and a
// model in pages that large is mapped by them (base/mapped_file.cc).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace slm::hub {

class PieceWriter {
 public:
  // To an empty file; `path` names it in errors.
  PieceWriter(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  // Errors of both: kDoesNotFit (disk full), kFailed.
  Status write(std::span<const std::byte> bytes);
  Status finish();  // writes what is left; lasting once it returns

 private:
  Status write_piece();

  int descriptor_;
  std::string path_;
  std::vector<std::byte> piece_;
};

}  // namespace slm::hub
