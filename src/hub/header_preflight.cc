#include "hub/header_preflight.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "base/files.h"
#include "gguf/file.h"
#include "hub/first_bytes.h"
#include "hub/write_error.h"

namespace slm::hub {
namespace {

class HeaderReader {
 public:
  HeaderReader(const RemoteModel& remote, const Asking& asking, const RemoteHeader& file) : remote_(remote), asking_(asking), file_(file) {}

  // Bytes [have, want) into the file. The server may send them as a part, or everything from the start.
  Status read(uint64_t want) {
    uint64_t at = 0;
    Status written;
    net::HttpRequest request;
    request.headers = {fmt::format("Range: bytes={}-{}", have_, want - 1), "Accept-Encoding: identity"};
    request.total_seconds = kMostSeconds;
    request.cancelled = asking_.cancelled;
    request.on_head = [&](const net::HttpReply& head) {
      at = head.status == 206 ? have_ : 0;
      const std::string range = head.header("content-range");
      page_ = is_html(head);
      wrong_range_ = head.status == 206 && !range.starts_with(fmt::format("bytes {}-", have_));
      return !wrong_range_ && !page_;
    };
    request.on_piece = [&](std::string_view piece) {
      if (at < kTellingBytes) opening_ += piece.substr(0, kTellingBytes - at);
      if (at < want) written = file_.write_at(at, piece.substr(0, want - at));
      at += piece.size();
      return written && at < want;
    };
    SLM_TRY(reply, send_following(client_, remote_.file.address, std::move(request), asking_.insecure));
    SLM_TRY_STATUS(written);
    if (wrong_range_) return fail(ErrorKind::kNetwork, "hub.bad_range", remote_.source, reply.header("content-range"));
    if (reply.status != 200 && reply.status != 206) return tl::unexpected<Error>(status_error(reply, remote_.file.address.url));
    const std::string shown = net::shown_url(remote_.file.address.url);
    if (page_) return fail_with_hint(ErrorKind::kCorrupt, msg("hub.html", shown), msg("hub.portal"));
    if (have_ == 0) SLM_TRY_STATUS(check_first_bytes({"GGUF", shown}, opening_, true));
    if (at < want) return fail(ErrorKind::kNetwork, "hub.header_cut", remote_.source, at, want);
    have_ = want;
    return {};
  }

 private:
  static constexpr double kMostSeconds = 120;
  const RemoteModel& remote_;
  const Asking& asking_;
  const RemoteHeader& file_;
  net::HttpClient client_;
  uint64_t have_ = 0;
  bool wrong_range_ = false, page_ = false;
  std::string opening_;  // the first bytes
};

// Whole: what follows the header would be tensors' bytes.
bool is_whole(const gguf::File& file, uint64_t have, uint64_t bytes) {
  uint64_t first = bytes;
  for (const gguf::TensorInfo& tensor : file.tensors()) first = std::min(first, tensor.offset);
  return first <= have;
}

}  // namespace

Result<RemoteHeader> RemoteHeader::create(const std::string& directory, const std::string& source, uint64_t bytes) {
  SLM_TRY_STATUS(make_directories(directory));
  std::random_device random;
  RemoteHeader header;
  header.source_ = source;
  const std::string name = header.name_ = fmt::format("{}/header-{}-{:08x}.gguf", directory, getpid(), random());
  header.descriptor_ = open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (header.descriptor_ < 0) return cannot_write(name);
  unlink(name.c_str());
  header.path_ = fmt::format("/proc/self/fd/{}", header.descriptor_);
  if (ftruncate(header.descriptor_, static_cast<off_t>(bytes)) != 0) return cannot_write(name);
  return header;
}

RemoteHeader::RemoteHeader(RemoteHeader&& other) noexcept
    : path_(std::move(other.path_)), name_(std::move(other.name_)), source_(std::move(other.source_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

RemoteHeader::~RemoteHeader() {
  if (descriptor_ >= 0) close(descriptor_);
}

Error RemoteHeader::explained(Error error) const {
  std::replace(error.message.args.begin(), error.message.args.end(), path_, source_);
  return error;
}

Status RemoteHeader::write_at(uint64_t offset, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot_write(name_);
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return {};
}

Result<RemoteHeader> fetch_header(const RemoteModel& remote, const Layout& layout, const Asking& asking) {
  const uint64_t bytes = remote.file.bytes.value_or(0);
  // The first of several files lists its own tensors only.
  if (bytes == 0 || !remote.rest.empty()) return fail(ErrorKind::kUsage, "hub.no_header", remote.source);
  SLM_TRY(header, RemoteHeader::create(layout.cache(), remote.source, bytes));
  HeaderReader reader(remote, asking, header);
  for (uint64_t want = std::min(kHeaderFirstBytes, bytes);; want = std::min({want * 4, kHeaderMostBytes, bytes})) {
    SLM_TRY_STATUS(reader.read(want));
    const auto parsed = gguf::File::open(header.path());
    if (parsed && is_whole(**parsed, want, bytes)) return header;
    if (want == bytes && !parsed) return tl::unexpected<Error>(header.explained(parsed.error()));
    if (want >= kHeaderMostBytes || want == bytes) return fail(ErrorKind::kUsage, "hub.no_header", remote.source);
  }
}

}  // namespace slm::hub
