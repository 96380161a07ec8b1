// The rest of a file by several connections: each claims the next chunks that are missing, in order and not far ahead of what is hashed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "hub/chunk_map.h"
#include "hub/download.h"
#include "hub/following.h"
#include "hub/partial_file.h"

namespace slm::hub {

struct RangeRequest {
  Address address;
  std::string etag = {};   // what a reply's must be, where it has one; If-Range where it is a strong one
  bool etag_needed = false;  // a reply without it does not count: no digest would tell another file's bytes
  uint64_t total = 0;      // bytes of the file; ChunkMap::kMostFileBytes at most
  int connections = 4;
  bool insecure = false;
  bool leave_if_slow = false;  // there is another source
  const std::atomic<bool>* cancelled = nullptr;
};

struct RangeResult {
  enum class End : uint8_t {
    kWhole,
    kUnfit,   // a reply that is no range of this file; what it is one connection will find out
    kSlow,    // slower than Patience::slow_bytes_per_second
    kFailed,  // `error`: kNetwork with the last cause, the disk, hub.interrupted
  } end = End::kWhole;
  std::optional<Error> error = {};
  uint64_t received = 0;
  double bytes_per_second = 0;  // lately
};

// Fetches what `map` lacks into `file`, hashing it as it comes; `on_hashed` is told how far that is. A connection that gets nothing while
// others do is given up, but not the last. Whatever the end, the file is hashed up to its first gap and the map is true.
RangeResult fetch_ranges(const RangeRequest& request, PartialFile& file, ChunkMap& map, const Patience& patience,
                         const std::function<void(uint64_t)>& on_hashed);

}  // namespace slm::hub
