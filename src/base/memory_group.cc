#include "base/memory_group.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/cgroup.h"
#include "base/files.h"

namespace slm {
namespace {

// Control files are written in one piece, in place. 0, or the errno.
int write_control(const std::string& path, const std::string& text) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  const ssize_t written = write(descriptor, text.data(), text.size());
  const int error = written == static_cast<ssize_t>(text.size()) ? 0 : errno;
  close(descriptor);
  return error;
}

std::string new_name() {
  static std::atomic<unsigned> made{0};
  return "/slm-" + std::to_string(getpid()) + "-" + std::to_string(made++);
}

// Makes a group below `parent`. 0, or the errno.
int make_below(const std::string& parent, bool is_v2, std::string& directory) {
  // Under v2 a group's children have a controller only where the group hands it down.
  if (is_v2) {
    if (const int error = write_control(parent + "/cgroup.subtree_control", "+memory"); error != 0) return error;
  }
  directory = parent + new_name();
  if (mkdir(directory.c_str(), 0755) != 0) return errno;
  const char* limit = is_v2 ? "/memory.max" : "/memory.limit_in_bytes";
  if (access((directory + limit).c_str(), W_OK) == 0) return 0;
  const int error = errno;
  rmdir(directory.c_str());
  return error;
}

}  // namespace

Result<MemoryGroup> MemoryGroup::make(const std::string& root) {
  int error = ENOENT;
  for (const bool is_v2 : {false, true}) {
    for (const std::string& parent : cgroup_directories(root, is_v2 ? "" : "memory")) {
      std::string directory;
      error = make_below(parent, is_v2, directory);
      if (error != 0) continue;
      MemoryGroup group(directory, is_v2);
      // Swap would stretch the limit; where it cannot be switched off for the group it is not there (no swap accounting).
      write_control(directory + (is_v2 ? "/memory.swap.max" : "/memory.swappiness"), "0");
      return group;
    }
  }
  return fail(ErrorKind::kNotFound, "base.no_memory_group", std::strerror(error));
}

MemoryGroup::~MemoryGroup() {
  if (!directory_.empty()) rmdir(directory_.c_str());
}

Status MemoryGroup::set_limit(uint64_t bytes) {
  const std::string path = directory_ + (is_v2_ ? "/memory.max" : "/memory.limit_in_bytes");
  if (const int error = write_control(path, std::to_string(bytes)); error != 0) {
    return fail(ErrorKind::kFailed, "base.cannot_write", path, std::strerror(error));
  }
  return {};
}

}  // namespace slm
