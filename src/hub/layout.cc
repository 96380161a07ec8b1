#include "hub/layout.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "base/files.h"
#include "hub/write_error.h"

namespace slm::hub {
namespace {

constexpr size_t kLongestName = 128;
constexpr std::string_view kNamePunctuation = "._:/-";

bool is_plain(unsigned char c) { return std::isalnum(c) != 0; }

}  // namespace

Status check_name(std::string_view name) {
  const auto refuse = [&]() -> Status { return fail(ErrorKind::kUsage, "hub.bad_name", name.substr(0, kLongestName)); };
  if (name.empty() || name.size() > kLongestName) return refuse();
  size_t start = 0;
  for (size_t i = 0; i <= name.size(); ++i) {
    if (i == name.size() || name[i] == '/' || name[i] == ':') {
      const std::string_view piece = name.substr(start, i - start);
      if (piece.find_first_not_of('.') == std::string_view::npos) return refuse();
      start = i + 1;
      continue;
    }
    if (!is_plain(static_cast<unsigned char>(name[i])) && kNamePunctuation.find(name[i]) == std::string_view::npos) return refuse();
  }
  // A leading dash would be read as a flag.
  if (name[0] == '-') return refuse();
  return {};
}

std::string file_name_of(std::string_view name) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(byte) || c == '-' || c == '_' || (c == '.' && !out.empty())) {
      out += static_cast<char>(std::tolower(byte));
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<FileLock> FileLock::take(const std::string& path, bool wait) { return lock(path, LOCK_EX | (wait ? 0 : LOCK_NB)); }

Result<FileLock> FileLock::share(const std::string& path) { return lock(path, LOCK_SH); }

Result<FileLock> FileLock::lock(const std::string& path, int operation) {
  FileLock lock;
  lock.descriptor_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (lock.descriptor_ < 0) return cannot_write(path);
  if (flock(lock.descriptor_, operation) == 0) return lock;
  const int error = errno;
  if (error == EWOULDBLOCK && (operation & LOCK_NB) != 0) return FileLock();
  if (error == EINTR) return fail(ErrorKind::kFailed, "hub.interrupted");
  // A file system without locks: what must not be written by two at once then needs a name of its own.
  if (error == ENOLCK || error == EOPNOTSUPP || error == ENOSYS) {
    lock.exclusive_ = false;
    return lock;
  }
  return cannot_write(path, error);
}

Result<FileLock> share_blobs(const Layout& layout) {
  SLM_TRY_STATUS(make_directories(layout.locks()));
  return FileLock::share(layout.blobs_lock());
}

}  // namespace slm::hub
