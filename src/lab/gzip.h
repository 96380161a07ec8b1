// .gz files, as evaluation sets are handed out.
#pragma once

#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"

namespace slm::lab {

// The decompressed bytes (several members one after another are one text, as gzip has it). `path` names the file in errors.
// Errors: kCorrupt (not gzip, damaged, cut short), kDoesNotFit (more than `max_bytes`).
Result<std::string> decompress_gzip(std::string_view compressed, const std::string& path, size_t max_bytes = limits::kDatasetMaxBytes);

}  // namespace slm::lab
