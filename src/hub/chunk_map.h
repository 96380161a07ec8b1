// Which chunks of a partial file have come, where several connections write it: KEY.part.map, one byte a chunk.
// Without a map a partial file is whole up to its end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace slm::hub {

class ChunkMap {
 public:
  static constexpr uint64_t kChunkBytes = 1u << 20;
  static constexpr uint64_t kMostFileBytes = uint64_t{1} << 44;  // of a file that has a map: 16 MiB of it

  ChunkMap() = default;
  ~ChunkMap();
  ChunkMap(const ChunkMap&) = delete;
  ChunkMap& operator=(const ChunkMap&) = delete;

  static std::string path_of(const std::string& partial) { return partial + ".map"; }
  // How much of the partial file has come without a gap: to the first chunk missing in its map; UINT64_MAX where it has no map.
  static uint64_t bytes_without_gap(const std::string& partial);
  // The partial file must have lost what lies behind a gap before.
  static void remove(const std::string& partial);

  // Reads or makes the map of a file of `total` bytes (kMostFileBytes at most), of which `size` lie on the disk and the first `known` are
  // known to be right. Errors: kFailed, kDoesNotFit (disk full).
  Status open(const std::string& partial, uint64_t total, uint64_t size, uint64_t known);
  size_t count() const { return come_.size(); }
  uint64_t end_of(size_t chunk) const;   // offset behind it
  bool has(size_t chunk) const { return come_[chunk] != 0; }
  // Its bytes are written. Errors as above.
  Status mark(size_t chunk);

 private:
  Status error() const;

  std::string path_;
  int descriptor_ = -1;
  uint64_t total_ = 0;
  std::vector<uint8_t> come_;
};

}  // namespace slm::hub
