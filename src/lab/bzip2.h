// .bz2 files, as evaluation sets are handed out.
#pragma once

#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"

namespace slm::lab {

// The decompressed bytes (several streams one after another are one text, as bzip2 has it). `path` names the file in errors.
// Errors: kCorrupt (not bzip2, damaged, cut short), kDoesNotFit (more than `max_bytes`).
Result<std::string> decompress_bzip2(std::string_view compressed, const std::string& path,
                                     size_t max_bytes = limits::kDatasetMaxBytes);

}  // namespace slm::lab
