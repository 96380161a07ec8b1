// Models from sources on the network: what they are, and fetching them into the store.
#include <filesystem>

#include "base/files.h"
#include "gguf/file.h"
#include "hub/digest.h"
#include "hub/download.h"
#include "hub/pull.h"
#include "hub/record.h"
#include "hub/sources/source.h"
#include "hub/store.h"

namespace slm::hub {
namespace {

// Of blob or partial file: which one process at a time writes.
Result<FileLock> lock_download(const Layout& layout, const std::string& key, const std::string& name, const OnProgress& progress) {
  SLM_TRY_STATUS(make_directories(layout.locks()));
  SLM_TRY(lock, FileLock::take(layout.lock("download-" + key), false));
  if (lock.held()) return lock;
  if (progress) progress({"wait", name, 0, 0});
  return FileLock::take(layout.lock("download-" + key), true);
}

// Whether the blob lies there whole; its bytes are hashed.
bool has_blob(const Layout& layout, const RemoteFile& file, const OnProgress& progress) {
  if (file.sha256.empty()) return false;
  const auto hex = sha256_of_file(layout.blob(file.sha256), [&](uint64_t done, uint64_t total) {
    if (progress) progress({"hash", file.name, done, total});
  });
  return hex && *hex == file.sha256;
}

}  // namespace

uint64_t Store::bytes_here(const RemoteModel& remote) const {
  DownloadRequest request{.address = remote.file.address, .sha256 = remote.file.sha256};
  std::error_code error;
  const uint64_t bytes = std::filesystem::file_size(layout_.partial(download_key(request)), error);
  return error ? 0 : bytes;
}

Result<StoredModel> Store::pull_remote(const RemoteModel& remote, const std::string& name, const Asking& asking, const OnProgress& progress) {
  StoredModel model;
  model.name = kept_name(name);
  SLM_TRY_STATUS(check_name(model.name));
  DownloadRequest request{.address = remote.file.address, .name = model.name, .commit = remote.commit, .bytes = remote.file.bytes};
  request.sha256 = remote.file.sha256;
  request.insecure = asking.insecure;
  request.cancelled = asking.cancelled;
  const std::string key = download_key(request);
  SLM_TRY(lock, lock_download(layout_, key, model.name, progress));
  const auto present = find(model.name);
  if (present && !remote.file.sha256.empty() && present->sha256 == remote.file.sha256) return *present;
  // No digest to compare with: the same file of the same place and size.
  const bool same_place = present && present->source == remote.source && present->commit == remote.commit;
  if (same_place && remote.file.sha256.empty() && remote.file.bytes == present->bytes) return *present;
  if (present && present->source != remote.source) {
    return fail_with_hint(ErrorKind::kUsage, msg("hub.name_taken", model.name), msg("hub.choose_name", model.name));
  }
  if (has_blob(layout_, remote.file, progress)) {
    model.sha256 = remote.file.sha256;
    std::error_code gone;
    model.bytes = std::filesystem::file_size(layout_.blob(model.sha256), gone);
    if (gone) return fail(ErrorKind::kFailed, "base.cannot_read", layout_.blob(model.sha256), gone.message());
  } else {
    SLM_TRY(file, download(request, layout_, progress));
    if (remote.file.sha256.empty()) {
      // Nobody vouches for these bytes: they must be a whole GGUF at least.
      if (auto parsed = gguf::File::open(file.path); !parsed) {
        if (parsed.error().kind == ErrorKind::kCorrupt) discard_partial(layout_, key);
        return tl::unexpected<Error>(parsed.error());
      }
    }
    if (progress) progress({"publish", model.name, file.bytes, file.bytes});
    SLM_TRY_STATUS(publish_blob(file.path, file.sha256, layout_));
    discard_partial(layout_, key);
    model.sha256 = file.sha256;
    model.bytes = file.bytes;
  }
  model.source = remote.source;
  model.commit = remote.commit;
  model.license = remote.license;
  model.added = time_now();
  SLM_TRY_STATUS(write_record(model, layout_));
  return model;
}

}  // namespace slm::hub
