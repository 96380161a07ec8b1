// Files of this disk that become a model of the store: one, or the parts of a split model (gguf/split.h), which become one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "hub/store.h"

namespace slm::hub {

// The file, or where its name is that of a part (NAME-00002-of-00003.gguf) all parts in order. Errors: kNotFound: the part that is missing.
Result<std::vector<std::string>> files_of_model(const std::string& path);

// The bytes of `from` at `to`, which is replaced: shared blocks where the file system can, else the same file under a second name, else a copy.
// On disk once this returns. Errors: kFailed, kDoesNotFit (disk full).
Status take_in(const std::string& from, const std::string& to, const OnProgress& progress);

// Whether another program's cache has these bytes: then they are taken from there, compared, and published as the blob. The caller holds share_blobs.
// False where they must be fetched: there are none, they cannot be read or taken, or they are other bytes than the cache's name for them says.
bool publish_cached(const std::string& sha256, const Layout& layout, const OnProgress& progress);

// The parts, in order and of one model, as one file at `to`, which is replaced: hashed while it is written, on disk and readable as a GGUF once this
// returns; nothing is left there otherwise. Errors: those of gguf::SplitFile::open, kDoesNotFit (disk), kFailed.
struct JoinedFile {
  std::string sha256;
  uint64_t bytes = 0;
};
Result<JoinedFile> join_parts(const std::vector<std::string>& parts, const std::string& to, const OnProgress& progress);

}  // namespace slm::hub
