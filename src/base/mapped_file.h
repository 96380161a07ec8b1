// A regular file mapped read-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace slm {

// Unmapped when the last owner goes. Thread-safe to read. The size is the one at open: a file that another program cuts
// short while it is mapped ends the process (SIGBUS) when the lost pages are read; the store never writes a published file.
class MappedFile {
 public:
  // Errors: kNotFound (no such file), kFailed (unreadable, not a regular file, cannot be mapped).
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

  // Tells the kernel that the pages of [offset, offset + length) can go. Advice only.
  void drop(size_t offset, size_t length) const;

 private:
  MappedFile() = default;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
  std::string path_;
};

}  // namespace slm
