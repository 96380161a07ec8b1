// What is known of a partial download, beside it: blobs/.part/KEY.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/kernel_file.h"  // boot_id
#include "base/result.h"

namespace slm::hub {

struct Journal {
  std::string name;                // of the model, as the user knows it
  std::string url;                 // without its query, which may hold a secret
  std::string etag;                // as sent; "" where there was none
  std::string commit;
  std::string sha256;              // known beforehand, else ""
  std::string boot;                // of this machine: bytes not synced do not outlive it
  std::optional<uint64_t> bytes;   // of the whole file
};

// Nothing where there is none, or it is damaged.
std::optional<Journal> read_journal(const std::string& path);
// By rename; lasting once it returns.
Status write_journal(const std::string& path, const Journal& journal);

// An ETag that equal bytes alone share: present and not weak.
bool is_strong_etag(const std::string& etag);

}  // namespace slm::hub
