// Files outside the store that were hashed once: they are hashed again only after they changed.
#pragma once

#include <string>

#include "base/result.h"
#include "hub/layout.h"
#include "hub/store.h"

namespace slm::hub {

// The file's SHA-256 in hex, remembered under cache/checked by the file's device, inode, size and times. Errors: those of sha256_of_file. That
// nothing can be remembered is no error.
Result<std::string> remembered_sha256(const std::string& path, const Layout& layout, const OnProgress& progress);

// Compares it. Errors: kCorrupt naming both digests, those of remembered_sha256.
Status check_file(const std::string& path, const std::string& sha256, const Layout& layout, const OnProgress& progress);

}  // namespace slm::hub
