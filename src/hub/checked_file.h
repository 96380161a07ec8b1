// Files outside the store whose digest was compared once: they are hashed again only after they changed.
#pragma once

#include <string>

#include "base/result.h"
#include "hub/layout.h"
#include "hub/store.h"

namespace slm::hub {

// Compares the file's SHA-256, and remembers it under cache/checked by the file's device, inode, size and times. Errors: kCorrupt naming both
// digests, those of sha256_of_file. That nothing can be remembered is no error.
Status check_file(const std::string& path, const std::string& sha256, const Layout& layout, const OnProgress& progress);

}  // namespace slm::hub
