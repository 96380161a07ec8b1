#include "hub/chunk_map.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "hub/write_error.h"

namespace slm::hub {

ChunkMap::~ChunkMap() {
  if (descriptor_ >= 0) close(descriptor_);
}

Status ChunkMap::error() const { return cannot_write(path_); }

uint64_t ChunkMap::bytes_without_gap(const std::string& partial) {
  const auto map = read_text_file(path_of(partial), kMostFileBytes / kChunkBytes);
  if (!map) return map.error().kind == ErrorKind::kNotFound ? UINT64_MAX : 0;
  return kChunkBytes * static_cast<uint64_t>(std::find_if(map->begin(), map->end(), [](char come) { return come != 1; }) - map->begin());
}

void ChunkMap::remove(const std::string& partial) { unlink(path_of(partial).c_str()); }

uint64_t ChunkMap::end_of(size_t chunk) const { return std::min(total_, (chunk + 1) * kChunkBytes); }

Status ChunkMap::open(const std::string& partial, uint64_t total, uint64_t size, uint64_t known) {
  SLM_CHECK(total <= kMostFileBytes);
  path_ = path_of(partial);
  total_ = total;
  come_.assign((total + kChunkBytes - 1) / kChunkBytes, 0);
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor_ < 0) return error();
  [[maybe_unused]] const ssize_t got = pread(descriptor_, come_.data(), come_.size(), 0);
  for (size_t chunk = 0; chunk < come_.size(); ++chunk) {
    come_[chunk] = end_of(chunk) <= known || (come_[chunk] == 1 && end_of(chunk) <= size) ? 1 : 0;
  }
  if (pwrite(descriptor_, come_.data(), come_.size(), 0) != static_cast<ssize_t>(come_.size())) return error();
  return {};
}

Status ChunkMap::mark(size_t chunk) {
  come_[chunk] = 1;
  return pwrite(descriptor_, &come_[chunk], 1, static_cast<off_t>(chunk)) == 1 ? Status{} : error();
}

}  // namespace slm::hub
