// Reading and publishing small files.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"

namespace slm {

// The whole file, at most `max_bytes`. Errors: kNotFound, kFailed (unreadable, directory), kDoesNotFit (larger).
Result<std::string> read_text_file(const std::string& path, size_t max_bytes = limits::kMaxTextFileBytes);

// All of a descriptor (stdin), at most `max_bytes`.
Result<std::string> read_descriptor(int descriptor, size_t max_bytes = limits::kMaxTextFileBytes);

// Writes beside `path`, fsyncs, renames over it: readers see the old file or the whole new one.
Status write_file_atomically(const std::string& path, std::string_view content);

// Asks the system to forget its copy of the file in memory, as far as no process maps it: the next reader reads the disk.
void drop_from_page_cache(const std::string& path);

// mkdir -p.
Status make_directories(const std::string& path);

std::string home_directory();  // $HOME, else the password file, else "."

}  // namespace slm
