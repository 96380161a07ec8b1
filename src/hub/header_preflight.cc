#include "hub/header_preflight.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"
#include "gguf/file.h"
#include "gguf/split.h"
#include "hub/first_bytes.h"
#include "hub/write_error.h"

namespace slm::hub {
namespace {

class HeaderReader {
 public:
  HeaderReader(const RemoteFile& remote, const std::string& shown, const Asking& asking, const RemoteHeader& file)
      : address_(remote.address), shown_(shown), asking_(asking), file_(file) {}

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
    SLM_TRY(reply, send_following(client_, address_, std::move(request), asking_.insecure));
    SLM_TRY_STATUS(written);
    if (wrong_range_) return fail(ErrorKind::kNetwork, "hub.bad_range", shown_, reply.header("content-range"));
    if (reply.status != 200 && reply.status != 206) return tl::unexpected<Error>(status_error(reply, address_.url));
    const std::string shown = net::shown_url(address_.url);
    if (page_) return fail_with_hint(ErrorKind::kCorrupt, msg("hub.html", shown), msg("hub.portal"));
    if (have_ == 0) SLM_TRY_STATUS(check_first_bytes({"GGUF", shown}, opening_, true));
    if (at < want) return fail(ErrorKind::kNetwork, "hub.header_cut", shown_, at, want);
    have_ = want;
    return {};
  }

 private:
  static constexpr double kMostSeconds = 120;
  const Address& address_;
  const std::string& shown_;  // for people
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

Result<RemoteHeader> fetch_header_of_file(const RemoteFile& remote, const std::string& shown, uint64_t first_bytes, const Layout& layout, const Asking& asking) {
  const uint64_t bytes = remote.bytes.value_or(0);
  if (bytes == 0) return fail(ErrorKind::kUsage, "hub.no_header", shown);
  SLM_TRY(header, RemoteHeader::create(layout.cache(), shown, bytes));
  HeaderReader reader(remote, shown, asking, header);
  for (uint64_t want = std::min(first_bytes, bytes);; want = std::min({want * 4, kHeaderMostBytes, bytes})) {
    SLM_TRY_STATUS(reader.read(want));
    const auto parsed = gguf::File::open(header.path());
    if (parsed && is_whole(**parsed, want, bytes)) return header;
    if (want == bytes && !parsed) return tl::unexpected<Error>(header.explained(parsed.error()));
    if (want >= kHeaderMostBytes || want == bytes) return fail(ErrorKind::kUsage, "hub.no_header", shown);
  }
}

// Each part lists its own tensors only.
Result<std::vector<RemoteHeader>> fetch_headers_of_parts(const RemoteModel& remote, const Layout& layout, const Asking& asking) {
  std::vector<RemoteHeader> headers;
  const auto fetch_next = [&](const RemoteFile& file) -> Status {
    const std::string shown = remote.source + " (" + printable(file.name) + ")";
    SLM_TRY(header, fetch_header_of_file(file, shown, headers.empty() ? kHeaderFirstBytes : kPartFirstBytes, layout, asking));
    headers.push_back(std::move(header));
    return {};
  };
  SLM_TRY_STATUS(fetch_next(remote.file));
  for (const RemoteFile& part : remote.rest) SLM_TRY_STATUS(fetch_next(part));
  return headers;
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
  if (remote.rest.empty()) return fetch_header_of_file(remote.file, remote.source, kHeaderFirstBytes, layout, asking);
  if (remote.rest.size() >= kMostHeaderParts) return fail(ErrorKind::kUsage, "hub.no_header", remote.source);
  SLM_TRY(parts, fetch_headers_of_parts(remote, layout, asking));
  std::vector<std::string> paths;
  for (const RemoteHeader& part : parts) paths.push_back(part.path());
  const auto split = gguf::SplitFile::open(paths);
  if (!split) {
    Error error = split.error();
    for (const RemoteHeader& part : parts) error = part.explained(std::move(error));
    return tl::unexpected<Error>(std::move(error));
  }
  SLM_TRY(whole, RemoteHeader::create(layout.cache(), remote.source, split->size_bytes()));
  const auto bytes = split->header();
  SLM_TRY_STATUS(whole.write_at(0, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  return whole;
}

}  // namespace slm::hub
