#include "hub/checked_file.h"

#include <sys/stat.h>

#include <fmt/format.h>

#include "base/files.h"
#include "hub/digest.h"

namespace slm::hub {
namespace {

struct State {
  std::string file;  // which one: "device-inode"
  std::string text;  // what changes whenever the bytes do: writing sets both times, and the second cannot be set back

  bool operator==(const State&) const = default;
};

State state_of(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return {};
  return {fmt::format("{}-{}", status.st_dev, status.st_ino),
          fmt::format("{} {}.{:09} {}.{:09} ", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec)};
}

constexpr size_t kHexDigits = 64;

// What was remembered of a file in this state; "" where nothing was.
std::string recall(const std::string& memory, const State& state) {
  const auto text = read_text_file(memory, 1024);
  const bool fits = text && text->size() == state.text.size() + kHexDigits && text->starts_with(state.text);
  return fits ? text->substr(state.text.size()) : "";
}

}  // namespace

Result<std::string> remembered_sha256(const std::string& path, const Layout& layout, const OnProgress& progress) {
  const State state = state_of(path);
  const std::string directory = layout.cache() + "/checked", memory = directory + "/" + state.file;
  if (std::string hex = recall(memory, state); !hex.empty()) return hex;
  SLM_TRY(hex, sha256_of_file(path, [&](uint64_t done, uint64_t total) {
    if (progress) progress({"hash", path, done, total});
  }));
  // Not what changed while it was read.
  if (!state.file.empty() && state == state_of(path) && make_directories(directory)) {
    [[maybe_unused]] const Status written = write_file_atomically(memory, state.text + hex);
  }
  return hex;
}

Status check_file(const std::string& path, const std::string& sha256, const Layout& layout, const OnProgress& progress) {
  SLM_TRY(hex, remembered_sha256(path, layout, progress));
  if (hex != sha256) return fail_with_hint(ErrorKind::kCorrupt, msg("hub.wrong_digest", path, sha256, hex), msg("hub.store.cache_damaged"));
  return {};
}

}  // namespace slm::hub
