#include "hub/checked_file.h"

#include <sys/stat.h>

#include <fmt/format.h>

#include "base/files.h"
#include "hub/digest.h"

namespace slm::hub {
namespace {

// What changes whenever the bytes do: writing sets both times, and the second cannot be set back.
std::string state_of(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return {};
  return fmt::format("{} {} {} {}.{:09} {}.{:09}\n", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                     status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

}  // namespace

Status check_file(const std::string& path, const std::string& sha256, const Layout& layout, const OnProgress& progress) {
  const std::string remembered = layout.cache() + "/checked/sha256-" + sha256, state = state_of(path);
  if (const auto before = read_text_file(remembered, 1024); before && *before == state) return {};
  SLM_TRY(hex, sha256_of_file(path, [&](uint64_t done, uint64_t total) {
    if (progress) progress({"hash", path, done, total});
  }));
  if (hex != sha256) return fail_with_hint(ErrorKind::kCorrupt, msg("hub.wrong_digest", path, sha256, hex), msg("hub.store.cache_damaged"));
  // Not what changed while it was read.
  if (state == state_of(path) && make_directories(layout.cache() + "/checked")) {
    [[maybe_unused]] const Status written = write_file_atomically(remembered, state);
  }
  return {};
}

}  // namespace slm::hub
