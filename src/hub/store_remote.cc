// Models from sources on the network: what they are, and fetching them into the store.
#include <unistd.h>

#include <filesystem>
#include <random>

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"
#include "gguf/file.h"
#include "hub/digest.h"
#include "hub/disk_caches.h"
#include "hub/download.h"
#include "hub/local_files.h"
#include "hub/pull.h"
#include "hub/record.h"
#include "hub/sources/source.h"
#include "hub/store.h"

namespace slm::hub {
namespace {

Result<FileLock> take_lock(const Layout& layout, const std::string& lock_name, const std::string& name, const OnProgress& progress) {
  SLM_TRY_STATUS(make_directories(layout.locks()));
  SLM_TRY(lock, FileLock::take(layout.lock(lock_name), false));
  if (lock.held()) return lock;
  if (progress) progress({"wait", name, 0, 0});
  return FileLock::take(layout.lock(lock_name), true);
}

// For a partial file that no lock keeps others from.
std::string unique_suffix() {
  std::random_device random;
  return fmt::format("-{}-{:08x}", getpid(), random());
}

// Whether the blob lies there whole; its bytes are hashed.
bool has_blob(const Layout& layout, const RemoteFile& file, const OnProgress& progress) {
  if (file.sha256.empty()) return false;
  const auto hex = sha256_of_file(layout.blob(file.sha256), [&](uint64_t done, uint64_t total) {
    if (progress) progress({"hash", printable(file.name), done, total});
  });
  return hex && *hex == file.sha256;
}

// The bytes under the blob's name while the partial file stays, so that a pull stopped before the record is written goes on from it.
Status publish_linked(const Downloaded& file, const Layout& layout) {
  const std::string second = file.path + ".whole";
  unlink(second.c_str());
  if (::link(file.path.c_str(), second.c_str()) != 0) return publish_blob(file.path, file.sha256, layout);  // no links here
  const Status published = publish_blob(second, file.sha256, layout);
  unlink(second.c_str());  // left where the blob was the same file already
  return published;
}

DownloadRequest request_for(const RemoteModel& remote, const std::string& name, const Asking& asking) {
  DownloadRequest request{.address = remote.file.address, .name = name, .commit = remote.commit, .bytes = remote.file.bytes};
  request.more = remote.file.more;
  request.sha256 = remote.file.sha256;
  request.insecure = asking.insecure;
  request.cancelled = asking.cancelled;
  return request;
}

// Whole and on disk as a partial file.
Result<Downloaded> fetch(const DownloadRequest& request, const Layout& layout, const OnProgress& progress) {
  SLM_TRY(file, download(request, layout, progress, Patience::from_environment()));
  if (request.sha256.empty()) {
    // Nobody vouches for these bytes: they must be a whole GGUF at least.
    if (auto parsed = gguf::File::open(file.path); !parsed) {
      if (parsed.error().kind == ErrorKind::kCorrupt) discard_partial(layout, download_key(request));
      return tl::unexpected<Error>(parsed.error());
    }
  }
  return file;
}

}  // namespace

uint64_t Store::bytes_here(const RemoteModel& remote) const {
  DownloadRequest request{.address = remote.file.address, .sha256 = remote.file.sha256};
  std::error_code error;
  if (const auto cached = find_cached_bytes(remote.file.sha256)) return std::filesystem::file_size(*cached, error);
  const uint64_t bytes = std::filesystem::file_size(layout_.partial(download_key(request)), error);
  return error ? 0 : bytes;
}

Result<StoredModel> Store::pull_remote(const RemoteModel& remote, const std::string& name, const Asking& asking, const OnProgress& progress) {
  StoredModel model;
  model.name = kept_name(name);
  SLM_TRY_STATUS(check_name(model.name));
  DownloadRequest request = request_for(remote, model.name, asking);
  // Of the name first, as every pull and removal does, then of blob and partial file.
  SLM_TRY(name_lock, take_lock(layout_, model.name, model.name, progress));
  SLM_TRY(lock, take_lock(layout_, "download-" + download_key(request), model.name, progress));
  if (!lock.exclusive()) request.part_suffix = unique_suffix();
  const auto present = find(model.name);
  if (present && is_same_model(*present, remote)) {
    discard_partial(layout_, download_key(request));  // of a pull that was stopped after its record
    return *present;
  }
  if (present && present->source != remote.source) {
    return fail_with_hint(ErrorKind::kUsage, msg("hub.name_taken", model.name), msg("hub.choose_name", model.name));
  }
  SLM_TRY(blobs, share_blobs(layout_));
  if (has_blob(layout_, remote.file, progress) || publish_cached(remote.file.sha256, layout_, progress)) {
    model.sha256 = remote.file.sha256;
    std::error_code gone;
    model.bytes = std::filesystem::file_size(layout_.blob(model.sha256), gone);
    if (gone) return fail(ErrorKind::kFailed, "base.cannot_read", layout_.blob(model.sha256), gone.message());
  } else {
    blobs = FileLock();
    SLM_TRY(file, fetch(request, layout_, progress));
    SLM_TRY(shared, share_blobs(layout_));
    blobs = std::move(shared);
    if (progress) progress({"publish", model.name, file.bytes, file.bytes});
    SLM_TRY_STATUS(publish_linked(file, layout_));
    model.sha256 = file.sha256;
    model.bytes = file.bytes;
  }
  model.source = remote.source;
  model.commit = remote.commit;
  model.license = remote.license;
  model.added = time_now();
  SLM_TRY_STATUS(write_record(model, layout_));
  blobs = FileLock();
  discard_partial(layout_, download_key(request));
  if (present && present->sha256 != model.sha256) SLM_TRY_STATUS(remove_unreferenced_blob(present->sha256, layout_));
  return model;
}

}  // namespace slm::hub
