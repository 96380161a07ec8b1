#include "base/files.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace slm {
namespace {

struct Descriptor {
  int value = -1;
  ~Descriptor() {
    if (value >= 0) close(value);
  }
};

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

ErrorKind write_error_kind() { return errno == ENOSPC || errno == EDQUOT ? ErrorKind::kDoesNotFit : ErrorKind::kFailed; }

Status write_all(int descriptor, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(descriptor, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return fail(write_error_kind(), "base.cannot_write", path, std::strerror(errno));
    }
    content.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<std::string> read_up_to(int descriptor, size_t max_bytes, const std::string& path) {
  std::string text;
  char buffer[64 << 10];
  for (;;) {
    const ssize_t got = read(descriptor, buffer, sizeof(buffer));
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EISDIR) return fail(ErrorKind::kFailed, "base.is_directory", path);
      return fail(ErrorKind::kFailed, "base.cannot_read", path, std::strerror(errno));
    }
    if (got == 0) return text;
    if (text.size() + static_cast<size_t>(got) > max_bytes) return fail(ErrorKind::kDoesNotFit, "base.file_too_large", path, max_bytes);
    text.append(buffer, static_cast<size_t>(got));
  }
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, size_t max_bytes) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.value < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return fail(ErrorKind::kNotFound, "base.no_file", path);
    return fail(ErrorKind::kFailed, "base.cannot_read", path, std::strerror(errno));
  }
  return read_up_to(file.value, max_bytes, path);
}

Result<std::string> read_descriptor(int descriptor, size_t max_bytes) {
  return read_up_to(descriptor, max_bytes, descriptor == STDIN_FILENO ? "stdin" : "descriptor");
}

Status write_file_atomically(const std::string& path, std::string_view content) {
  static std::atomic<unsigned> counter{0};
  const std::string temporary = path + "." + std::to_string(getpid()) + "." + std::to_string(counter++) + ".tmp";
  const Descriptor file{open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
  if (file.value < 0) return fail(write_error_kind(), "base.cannot_write", path, std::strerror(errno));
  struct Remover {
    const std::string& path;
    bool armed = true;
    ~Remover() {
      if (armed) unlink(path.c_str());
    }
  } remover{temporary};
  SLM_TRY_STATUS(write_all(file.value, content, path));
  if (fsync(file.value) != 0 || rename(temporary.c_str(), path.c_str()) != 0) {
    return fail(write_error_kind(), "base.cannot_write", path, std::strerror(errno));
  }
  remover.armed = false;
  // The rename itself lasts only once the directory is written. Some file systems cannot: not an error.
  const Descriptor directory{open(parent_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (directory.value >= 0) fsync(directory.value);
  return {};
}

void drop_from_page_cache(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  close(descriptor);
}

Status make_directories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error && !std::filesystem::is_directory(path, error)) error = std::make_error_code(std::errc::not_a_directory);
  if (error) {
    const bool full = error == std::errc::no_space_on_device;
    return fail(full ? ErrorKind::kDoesNotFit : ErrorKind::kFailed, "base.cannot_make_directory", path, error.message());
  }
  return {};
}

std::string home_directory() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  struct passwd entry = {};
  struct passwd* found = nullptr;
  char buffer[4096];
  if (getpwuid_r(getuid(), &entry, buffer, sizeof(buffer), &found) == 0 && found != nullptr && found->pw_dir != nullptr) {
    return found->pw_dir;
  }
  return ".";
}

}  // namespace slm
