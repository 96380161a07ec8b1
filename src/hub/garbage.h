// What lies in the store and nobody needs: found, and removed. docs/formats/store.md, "What gc removes".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "hub/layout.h"
#include "hub/store.h"

namespace slm::hub {

// Parts of downloads that stopped are kept so long after their last byte, for the next pull to go on from.
inline constexpr int kPartDays = 14;
// Files that are never gone on with (headers read beforehand, files being written) and may be in use by a process that no lock tells of.
inline constexpr int kTemporaryMinutes = 60;

enum class GarbageReason : uint8_t {
  kNoRecord,    // bytes or a link that no record names
  kTemporary,   // left by a process that was stopped, of no use to another
  kLeftOver,    // a part whose model is in the store already
  kOldPart,     // a part older than kPartDays, or all parts were asked for
  kResumable,   // kept: the next pull goes on from it
  kBusy,        // kept: another process works on it
};
std::string_view name_of(GarbageReason reason);  // "no_record", ...

struct GarbageItem {
  std::string path;
  uint64_t bytes = 0;   // on disk, as its names are counted: 0 where other names outside keep the bytes
  GarbageReason reason = GarbageReason::kNoRecord;
};

struct GarbageOptions {
  bool dry_run = false;  // says what would go
  bool parts = false;    // parts of any age
};

struct Garbage {
  std::vector<GarbageItem> removed, kept;
  uint64_t freed_bytes = 0;
};

// Waits for processes that are between publishing bytes and writing their record; passes over what another process holds a lock of.
// Mapped files lose their name, not their bytes: who runs a model goes on. Errors: those of named_digests: nothing is removed then; kFailed
// "hub.store.no_locks" on a file system without locks, where nobody knows what is in use; kFailed "base.cannot_write": what cannot be removed.
Result<Garbage> collect_garbage(const Layout& layout, const GarbageOptions& options, const OnProgress& progress);

}  // namespace slm::hub
