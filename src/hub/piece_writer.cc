#include "hub/piece_writer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/huge_memory.h"
#include "hub/write_error.h"

namespace slm::hub {

Status PieceWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), kHugePageBytes - piece_.size()));
    piece_.insert(piece_.end(), part.begin(), part.end());
    bytes = bytes.subspan(part.size());
    if (piece_.size() == kHugePageBytes) SLM_TRY_STATUS(write_piece());
  }
  return {};
}

Status PieceWriter::finish() {
  SLM_TRY_STATUS(write_piece());
  return fsync(descriptor_) == 0 ? Status{} : Status(cannot_write(path_));
}

Status PieceWriter::write_piece() {
  for (std::span<const std::byte> left = piece_; !left.empty();) {
    const ssize_t written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot_write(path_);
    left = left.subspan(static_cast<size_t>(written));
  }
  piece_.clear();
  return {};
}

}  // namespace slm::hub
