// A memory control group (v1 or v2) of our own: a child started in it may hold so many bytes and no more, without swap.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace slm {

class MemoryGroup {
 public:
  // Made below the group this process is in, or below the nearest above it that allows it. `root` is "" for the system's own files.
  // Errors: kNotFound "base.no_memory_group" with the reason, where this process may make none.
  static Result<MemoryGroup> make(const std::string& root = {});
  ~MemoryGroup();
  MemoryGroup(MemoryGroup&& other) noexcept : directory_(std::move(other.directory_)), is_v2_(other.is_v2_) { other.directory_.clear(); }
  MemoryGroup& operator=(MemoryGroup&&) = delete;

  // Errors: kFailed with the file that could not be written.
  Status set_limit(uint64_t bytes);
  // ChildOptions::group_file of a child that is to run in it.
  std::string group_file() const { return directory_ + "/cgroup.procs"; }

 private:
  MemoryGroup(std::string directory, bool is_v2) : directory_(std::move(directory)), is_v2_(is_v2) {}
  std::string directory_;
  bool is_v2_ = false;
};

}  // namespace slm
