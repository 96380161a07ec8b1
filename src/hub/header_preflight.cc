#include "hub/header_preflight.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>

#include <fmt/format.h>

#include "base/files.h"
#include "gguf/file.h"
#include "hub/write_error.h"

namespace slm::hub {
namespace {

class SparseFile {
 public:
  static Result<SparseFile> create(const std::string& path, uint64_t bytes) {
    SparseFile file;
    file.path_ = path;
    file.descriptor_ = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file.descriptor_ < 0 || ftruncate(file.descriptor_, static_cast<off_t>(bytes)) != 0) return file.failed();
    return file;
  }
  SparseFile(SparseFile&& other) noexcept : path_(std::move(other.path_)), descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  SparseFile& operator=(SparseFile&&) = delete;
  ~SparseFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  bool write_at(uint64_t at, std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
      at += static_cast<uint64_t>(n);
    }
    return true;
  }
  tl::unexpected<Error> failed() const { return cannot_write(path_); }

 private:
  SparseFile() = default;
  std::string path_;
  int descriptor_ = -1;
};

class HeaderReader {
 public:
  HeaderReader(const RemoteModel& remote, const Asking& asking, const SparseFile& file) : remote_(remote), asking_(asking), file_(file) {}

  // Bytes [have, want) into the file. The server may send them as a part, or everything from the start.
  Status read(uint64_t want) {
    uint64_t at = 0;
    bool good_write = true;
    net::HttpRequest request;
    request.headers = {fmt::format("Range: bytes={}-{}", have_, want - 1), "Accept-Encoding: identity"};
    request.total_seconds = kMostSeconds;
    request.cancelled = asking_.cancelled;
    request.on_head = [&](const net::HttpReply& head) {
      at = head.status == 206 ? have_ : 0;
      const std::string range = head.header("content-range");
      wrong_range_ = head.status == 206 && !range.starts_with(fmt::format("bytes {}-", have_));
      return !wrong_range_;
    };
    request.on_piece = [&](std::string_view piece) {
      if (at < want) good_write = good_write && file_.write_at(at, piece.substr(0, want - at));
      at += piece.size();
      return good_write && at < want;
    };
    SLM_TRY(reply, send_following(client_, remote_.file.address, std::move(request), asking_.insecure));
    if (!good_write) return file_.failed();
    if (wrong_range_) return fail(ErrorKind::kNetwork, "hub.bad_range", remote_.source, reply.header("content-range"));
    if (reply.status != 200 && reply.status != 206) return tl::unexpected<Error>(status_error(reply, remote_.file.address.url));
    if (at < want) return fail(ErrorKind::kNetwork, "hub.header_cut", remote_.source, at, want);
    have_ = want;
    return {};
  }
  uint64_t have() const { return have_; }

 private:
  static constexpr double kMostSeconds = 120;
  const RemoteModel& remote_;
  const Asking& asking_;
  const SparseFile& file_;
  net::HttpClient client_;
  uint64_t have_ = 0;
  bool wrong_range_ = false;
};

// Whole: what follows the header would be tensors' bytes.
bool is_whole(const gguf::File& file, uint64_t have, uint64_t bytes) {
  uint64_t first = bytes;
  for (const gguf::TensorInfo& tensor : file.tensors()) first = std::min(first, tensor.offset);
  return first <= have;
}

}  // namespace

RemoteHeader::~RemoteHeader() {
  if (!path_.empty()) unlink(path_.c_str());
}

Result<RemoteHeader> fetch_header(const RemoteModel& remote, const Layout& layout, const Asking& asking) {
  const uint64_t bytes = remote.file.bytes.value_or(0);
  if (bytes == 0) return fail(ErrorKind::kUsage, "hub.no_header", remote.source);
  SLM_TRY_STATUS(make_directories(layout.root + "/cache"));
  std::random_device random;
  const std::string path = fmt::format("{}/cache/header-{}-{:08x}.gguf", layout.root, getpid(), random());
  RemoteHeader kept(path);  // removes the file, whatever comes
  SLM_TRY(file, SparseFile::create(path, bytes));
  HeaderReader reader(remote, asking, file);
  for (uint64_t want = std::min(kHeaderFirstBytes, bytes);; want = std::min({want * 4, kHeaderMostBytes, bytes})) {
    SLM_TRY_STATUS(reader.read(want));
    const auto parsed = gguf::File::open(path);
    if (parsed && is_whole(**parsed, want, bytes)) {
      kept.set_received(want);
      return kept;
    }
    if (want == bytes && !parsed) return tl::unexpected<Error>(parsed.error());
    if (want >= kHeaderMostBytes || want == bytes) return fail(ErrorKind::kUsage, "hub.no_header", remote.source);
  }
}

}  // namespace slm::hub
