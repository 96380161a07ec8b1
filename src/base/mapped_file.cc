#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace slm {
namespace {

// What is missing comes from the disk 2 MB and more at a time then, and where the file system has pages that large (ext4 since Linux 6.16, XFS)
// it stays in such pages and is mapped by them, for those too who open the file later. Elsewhere it is advice without effect. Where pages are
// of more than 4 KB a huge one is 32 or 512 MB: more than a look at a header should read.
void ask_for_huge_pages(void* data, size_t size) {
  if (sysconf(_SC_PAGESIZE) == 4096) madvise(data, size, MADV_HUGEPAGE);
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  // Non-blocking: opening a named pipe must not wait for a writer.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return fail(ErrorKind::kNotFound, "base.no_file", path);
    return fail(ErrorKind::kFailed, "base.cannot_read", path, std::strerror(errno));
  }
  struct Closer {
    int descriptor;
    ~Closer() { close(descriptor); }
  } closer{descriptor};
  struct stat status = {};
  if (fstat(descriptor, &status) != 0) return fail(ErrorKind::kFailed, "base.cannot_read", path, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) return fail(ErrorKind::kFailed, "base.is_directory", path);
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::kFailed, "base.not_regular", path);
  std::shared_ptr<MappedFile> file(new MappedFile);
  file->path_ = path;
  file->size_ = static_cast<size_t>(status.st_size);
  if (file->size_ == 0) return file;  // nothing to map; an empty span
  void* data = mmap(nullptr, file->size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED) return fail(ErrorKind::kFailed, "base.cannot_map", path, std::strerror(errno));
  ask_for_huge_pages(data, file->size_);
  file->data_ = static_cast<const std::byte*>(data);
  return file;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::drop(size_t offset, size_t length) const {
  if (data_ == nullptr || offset >= size_) return;
  // Whole pages, inward: a neighbour's bytes stay.
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  size_t end = offset + std::min(length, size_ - offset);
  if (end != size_) end = end / page * page;
  offset = (offset + page - 1) / page * page;
  if (offset < end) madvise(const_cast<std::byte*>(data_) + offset, end - offset, MADV_DONTNEED);
}

}  // namespace slm
