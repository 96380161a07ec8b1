#include "hub/publish.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/files.h"
#include "hub/write_error.h"

namespace slm::hub {

Status move_lastingly(const std::string& from, const std::string& to) {
  const std::string directory = std::filesystem::path(to).parent_path().string();
  SLM_TRY_STATUS(make_directories(directory));
  if (rename(from.c_str(), to.c_str()) != 0) return cannot_write(to);
  // Lasting only once the directory is written; file systems that cannot are taken as they are.
  if (const int opened = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); opened >= 0) {
    fsync(opened);
    close(opened);
  }
  return {};
}

Status publish_blob(const std::string& finished, const std::string& sha256, const Layout& layout) {
  return move_lastingly(finished, layout.blob(sha256));
}

}  // namespace slm::hub
