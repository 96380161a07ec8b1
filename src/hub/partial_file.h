// The part of a file that has come, on disk, with the SHA-256 of its bytes so far.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "hub/digest.h"
#include "hub/first_bytes.h"
#include "hub/store.h"

namespace slm::hub {

class PartialFile {
 public:
  PartialFile() = default;
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  // Makes the file where it is missing; reads and hashes its first `most` bytes. A symbolic link is refused. Errors: kFailed.
  Status open(const std::string& path, const OnProgress& progress, uint64_t most = UINT64_MAX);
  uint64_t size() const { return size_; }
  bool is_linked() const { return linked_; }        // its bytes have a second name, a blob's: nothing is added then
  std::string_view head() const { return head_; }  // its first bytes, at most kHeadBytes
  Status add(std::string_view bytes);              // Errors: kDoesNotFit (disk full), kFailed
  Status restart();                                // empties it; a new file where its bytes have a second name
  Status sync();

  // Out of order: writes, by several threads at once, without hashing; then hashes up to `end` what was written; and cuts off what lies
  // behind the hashed bytes.
  Status write_at(uint64_t offset, std::string_view bytes) const;
  Status hash_up_to(uint64_t end);
  Status cut();
  std::string sha256() const;                      // of the bytes so far

  static constexpr size_t kHeadBytes = kTellingBytes;

 private:
  Status error() const;
  void take(std::string_view bytes);

  std::string path_, head_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
  bool linked_ = false;
  Sha256 digest_;
};

}  // namespace slm::hub
