// Fetching one model of the catalogue by its wheels, from nothing or from where an earlier try stopped.
#pragma once

#include "base/result.h"
#include "hub/catalogue.h"
#include "hub/layout.h"
#include "hub/store.h"

namespace slm::hub {

// Fetches what is missing of the entry's wheels, joins their members, compares size and digest, and publishes the blob.
// Returns once blobs/sha256-... is whole and on disk, with the shared lock that keeps it there (share_blobs) until its record is written.
// Where the entry does not say size, digest or member, they are those of what came, which must be a GGUF, and noted in `entry`.
// The caller holds the model's lock. Errors: as Store::pull.
Result<FileLock> pull_blob(CatalogueEntry& entry, const Layout& layout, const OnProgress& progress);

// Renames a file or folder, whose bytes are on disk, and makes that last. The directory of `to` is made when missing. Errors: as cannot_write.
Status move_lastingly(const std::string& from, const std::string& to);

// Renames a finished file, whose digest is `sha256`, to its blob and makes that last. The caller holds share_blobs.
Status publish_blob(const std::string& finished, const std::string& sha256, const Layout& layout);

}  // namespace slm::hub
