// KV kept after its sequence has ended, for the prefix that a later one may share with it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/kv.h"

namespace slm {

// Ids and their KV: kv->length() == ids.size().
struct RetainedKv {
  std::vector<int32_t> ids;
  std::unique_ptr<KvSequence> kv;

  // Cuts both back so that they hold no more than the first `most` of `wanted` and nothing else, and returns how many that is:
  // 0 where the pages that the rest needs are gone.
  uint32_t cut_to_prefix(std::span<const int32_t> wanted, uint32_t most);
};

class RetainedSet {
 public:
  // At most `capacity` are held; the oldest goes first.
  explicit RetainedSet(size_t capacity) : capacity_(capacity) {}

  uint64_t keep(RetainedKv kept);
  std::optional<RetainedKv> take(uint64_t handle);
  bool drop_oldest();  // false when there is none

 private:
  size_t capacity_;
  uint64_t next_handle_ = 1;
  std::map<uint64_t, RetainedKv> kept_;  // by handle, which rise with time
};

}  // namespace slm
