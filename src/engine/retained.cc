#include "engine/retained.h"

#include <algorithm>

namespace slm {

uint32_t RetainedKv::cut_to_prefix(std::span<const int32_t> wanted, uint32_t most) {
  const auto differ = std::mismatch(ids.begin(), ids.end(), wanted.begin(), wanted.end());
  auto shared = std::min(static_cast<uint32_t>(differ.first - ids.begin()), most);
  if (!kv->truncate(shared)) {
    kv->reset();
    shared = 0;
  }
  ids.resize(shared);
  return shared;
}

uint64_t RetainedSet::keep(RetainedKv kept) {
  while (kept_.size() >= capacity_) drop_oldest();
  const uint64_t handle = next_handle_++;
  kept_.emplace(handle, std::move(kept));
  return handle;
}

std::optional<RetainedKv> RetainedSet::take(uint64_t handle) {
  const auto it = kept_.find(handle);
  if (it == kept_.end()) return std::nullopt;
  std::optional<RetainedKv> kept = std::move(it->second);
  kept_.erase(it);
  return kept;
}

bool RetainedSet::drop_oldest() {
  if (kept_.empty()) return false;
  kept_.erase(kept_.begin());
  return true;
}

}  // namespace slm
