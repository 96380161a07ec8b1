#include "hub/local_files.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>

#include "base/files.h"
#include "base/machine.h"
#include "base/text.h"
#include "gguf/file.h"
#include "gguf/split.h"
#include "hub/digest.h"
#include "hub/disk_caches.h"
#include "hub/download.h"
#include "hub/piece_writer.h"
#include "hub/publish.h"
#include "hub/write_error.h"

namespace slm::hub {
namespace {

namespace fs = std::filesystem;

struct OpenedFile {
  int descriptor = -1;
  ~OpenedFile() {
    if (descriptor >= 0) close(descriptor);
  }
};

// -1, with errno, where that cannot be.
int create_anew(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return -1;
  return open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
}

Status copy_bytes(int in, const std::string& from, int out, const std::string& to, const OnProgress& progress) {
  struct stat status = {};
  if (fstat(in, &status) != 0) return fail(ErrorKind::kFailed, "base.cannot_read", from, std::strerror(errno));
  std::vector<std::byte> buffer(4u << 20);
  PieceWriter writer(out, to);
  for (uint64_t done = 0;;) {
    const ssize_t got = read(in, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorKind::kFailed, "base.cannot_read", from, std::strerror(errno));
    if (got == 0) break;
    SLM_TRY_STATUS(writer.write(std::span(buffer).first(static_cast<size_t>(got))));
    done += static_cast<uint64_t>(got);
    if (progress) progress({"copy", from, done, static_cast<uint64_t>(status.st_size)});
  }
  return writer.finish();
}

Result<JoinedFile> write_joined(const gguf::SplitFile& split, const std::string& to, const std::function<void(uint64_t)>& on_bytes) {
  const OpenedFile out{create_anew(to)};
  if (out.descriptor < 0) return cannot_write(to);
  PieceWriter writer(out.descriptor, to);
  Sha256 digest;
  JoinedFile joined;
  SLM_TRY_STATUS(split.write([&](std::span<const std::byte> bytes) -> Status {
    SLM_TRY_STATUS(writer.write(bytes));
    digest.add(bytes);
    joined.bytes += bytes.size();
    on_bytes(joined.bytes);
    return {};
  }));
  SLM_TRY_STATUS(writer.finish());
  joined.sha256 = digest.hex();
  SLM_TRY(file, gguf::File::open(to));
  return joined;
}

}  // namespace

Result<std::vector<std::string>> files_of_model(const std::string& path) {
  const auto name = gguf::parse_part_name(path);
  if (!name || name->count == 1) return std::vector<std::string>{path};
  std::vector<std::string> paths;
  for (uint32_t number = 1; number <= name->count; ++number) {
    paths.push_back(number == name->number ? path : name->path_of(number));
    struct stat status = {};
    if (stat(paths.back().c_str(), &status) == 0) continue;
    return fail_with_hint(ErrorKind::kNotFound, msg("hub.store.part_missing", path, name->number, name->count, paths.back()), msg("hub.store.all_parts"));
  }
  return paths;
}

Status take_in(const std::string& from, const std::string& to, const OnProgress& progress) {
  const OpenedFile in{open(from.c_str(), O_RDONLY | O_CLOEXEC)};
  if (in.descriptor < 0) return fail(ErrorKind::kFailed, "base.cannot_read", from, std::strerror(errno));
  {
    const OpenedFile out{create_anew(to)};
    if (out.descriptor < 0) return cannot_write(to);
    if (ioctl(out.descriptor, FICLONE, in.descriptor) == 0) return fsync(out.descriptor) == 0 ? Status{} : Status(cannot_write(to));
  }
  unlink(to.c_str());
  // A symbolic link would be linked itself: it is resolved first.
  std::error_code error;
  const std::string real = fs::canonical(from, error).string();
  // It may just have been written by another program; what cannot be synced by who only reads it is taken as it is.
  if (!error && ::link(real.c_str(), to.c_str()) == 0) return fsync(in.descriptor) == 0 || errno != EIO ? Status{} : Status(cannot_write(to));
  const OpenedFile copy{create_anew(to)};
  if (copy.descriptor < 0) return cannot_write(to);
  return copy_bytes(in.descriptor, from, copy.descriptor, to, progress);
}

bool publish_cached(const std::string& sha256, const Layout& layout, const OnProgress& progress) {
  const auto cached = find_cached_bytes(sha256);
  const std::string taken = layout.partial(sha256) + ".cached";
  if (!cached || !make_directories(fs::path(taken).parent_path().string())) return false;
  const bool is_taken = take_in(*cached, taken, progress).has_value();
  const auto on_bytes = [&](uint64_t done, uint64_t total) {
    if (progress) progress({"hash", *cached, done, total});
  };
  const bool published = is_taken && has_digest(taken, sha256, on_bytes) && publish_blob(taken, sha256, layout);
  unlink(taken.c_str());  // left where it failed, or where the blob was the same file already
  return published;
}

Result<JoinedFile> join_parts(const std::vector<std::string>& parts, const std::string& to, const OnProgress& progress) {
  SLM_TRY(split, gguf::SplitFile::open(parts));
  SLM_TRY(available, disk_free_bytes(fs::path(to).parent_path().string()));
  const uint64_t needed = disk_needed_for(split.size_bytes());
  if (needed > available) {
    return fail_with_hint(ErrorKind::kDoesNotFit, msg("hub.no_space", parts.front(), format_bytes(needed), format_bytes(available), to), msg("hub.free_space"));
  }
  auto joined = write_joined(split, to, [&](uint64_t done) {
    if (progress) progress({"copy", parts.front(), done, split.size_bytes()});
  });
  if (!joined) unlink(to.c_str());
  return joined;
}

}  // namespace slm::hub
