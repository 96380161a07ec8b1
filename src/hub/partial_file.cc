#include "hub/partial_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "hub/write_error.h"

namespace slm::hub {
namespace {

constexpr size_t kReadBytes = 1u << 20;
constexpr uint64_t kWriteBackBytes = 8u << 20;

}  // namespace

PartialFile::~PartialFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

Status PartialFile::error() const { return cannot_write(path_); }

void PartialFile::take(std::string_view bytes) {
  digest_.add(std::as_bytes(std::span(bytes)));
  if (head_.size() < kHeadBytes) head_.append(bytes.substr(0, kHeadBytes - head_.size()));
  const uint64_t before = size_;
  size_ += bytes.size();
  // The disk begins on it now, so that little is left for the sync at the end.
  const uint64_t start = before / kWriteBackBytes * kWriteBackBytes;
  if (size_ - start < kWriteBackBytes) return;
  [[maybe_unused]] const int begun = sync_file_range(descriptor_, static_cast<off_t>(start), static_cast<off_t>(size_ - start), SYNC_FILE_RANGE_WRITE);
}

Status PartialFile::open(const std::string& path, const OnProgress& progress, uint64_t most) {
  path_ = path;
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  struct stat status = {};
  if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) return error();
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::kFailed, "base.not_regular", path);
  linked_ = status.st_nlink > 1;
  // What is hashed should be what lies on the disk.
  posix_fadvise(descriptor_, 0, 0, POSIX_FADV_DONTNEED);
  const uint64_t end = std::min(most, static_cast<uint64_t>(status.st_size));
  while (size_ < end) {
    SLM_TRY_STATUS(hash_up_to(std::min(end, size_ + kReadBytes)));
    if (progress) progress({"hash", "", size_, end});
  }
  return {};
}

Status PartialFile::hash_up_to(uint64_t end) {
  std::vector<char> buffer(std::min<uint64_t>(kReadBytes, end - size_));
  while (size_ < end) {
    const ssize_t got = pread(descriptor_, buffer.data(), std::min<uint64_t>(buffer.size(), end - size_), static_cast<off_t>(size_));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail(ErrorKind::kFailed, "base.cannot_read", path_, got < 0 ? std::strerror(errno) : std::strerror(EIO));
    take({buffer.data(), static_cast<size_t>(got)});
  }
  return {};
}

Status PartialFile::write_at(uint64_t offset, std::string_view bytes) const {
  SLM_CHECK(!linked_);
  while (!bytes.empty()) {
    const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return error();
    offset += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Status PartialFile::cut() { return ftruncate(descriptor_, static_cast<off_t>(size_)) == 0 ? Status{} : error(); }

Status PartialFile::add(std::string_view bytes) {
  SLM_CHECK(!linked_);
  while (!bytes.empty()) {
    const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return error();
    take(bytes.substr(0, static_cast<size_t>(written)));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Status PartialFile::restart() {
  if (linked_) {
    // A pull was stopped between blob and record: the blob's bytes are not ours to change.
    unlink(path_.c_str());
    close(descriptor_);
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor_ < 0) return error();
    linked_ = false;
  }
  if (ftruncate(descriptor_, 0) != 0) return error();
  size_ = 0;
  head_.clear();
  digest_.restart();
  return {};
}

Status PartialFile::sync() { return fsync(descriptor_) == 0 ? Status{} : error(); }

std::string PartialFile::sha256() const { return digest_.hex_so_far(); }

}  // namespace slm::hub
