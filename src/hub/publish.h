// Bytes that are whole get their place.
#pragma once

#include <string>

#include "base/result.h"
#include "hub/layout.h"

namespace slm::hub {

// Renames a file or folder, whose bytes are on disk, and makes that last. The directory of `to` is made when missing. Errors: as cannot_write.
Status move_lastingly(const std::string& from, const std::string& to);

// Renames a finished file, whose digest is `sha256`, to its blob and makes that last. The caller holds share_blobs.
Status publish_blob(const std::string& finished, const std::string& sha256, const Layout& layout);

}  // namespace slm::hub
