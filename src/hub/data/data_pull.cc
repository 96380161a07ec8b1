#include "hub/data/data_pull.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "hub/awaited_lock.h"
#include "hub/digest.h"
#include "hub/publish.h"

namespace slm::hub {
namespace {

std::string folder_of(const DataSet& set, const Layout& layout) { return data_directory(layout) + "/" + set.name; }
std::string unfinished_folder_of(const DataSet& set, const Layout& layout) { return data_directory(layout) + "/." + set.name + ".part"; }

// In either folder: a file's name begins with the set's.
std::string path_in(const std::string& folder, const DataSet& set, const DataFile& file) { return folder + file.file.substr(set.name.size()); }

bool has_size(const std::string& path, const DataFile& file) {
  std::error_code missing;
  const uint64_t bytes = std::filesystem::file_size(path, missing);
  return !missing && bytes == file.bytes;
}

bool has_bytes(const std::string& path, const DataFile& file) { return has_size(path, file) && has_digest(path, file.sha256); }

bool has_all_bytes(const std::string& folder, const DataSet& set) {
  return std::all_of(set.files.begin(), set.files.end(), [&](const DataFile& file) { return has_bytes(path_in(folder, set, file), file); });
}

// Held while the set is written: two pulls of one set fetch it once.
Result<FileLock> lock_data(const DataSet& set, const Layout& layout, const OnProgress& progress) {
  return take_or_wait(layout, layout.lock("data-" + set.name), set.name, progress);
}

std::vector<std::string> addresses_of(const DataFile& file) {
  std::vector<std::string> addresses = file.addresses;
  const char* mirror = std::getenv("SLM_DATA_MIRROR");
  if (mirror == nullptr || *mirror == '\0') return addresses;
  std::string url = mirror;
  while (url.ends_with('/')) url.pop_back();
  addresses.insert(addresses.begin(), url + "/" + escape_path(file.file));
  return addresses;
}

DownloadRequest request_of(const DataFile& file, const Asking& asking) {
  DownloadRequest request{.address = {}, .name = file.file, .bytes = file.bytes, .sha256 = file.sha256, .magic = ""};
  request.insecure = asking.insecure;
  request.cancelled = asking.cancelled;
  const std::vector<std::string> addresses = addresses_of(file);
  request.address.url = addresses.front();
  request.more = [addresses, next = size_t{1}]() mutable -> std::optional<Address> {
    if (next >= addresses.size()) return std::nullopt;
    return Address{addresses[next++]};
  };
  return request;
}

// A folder that lost a file, or holds one that was changed, is no longer seen; what is right in it need not come again.
Status take_back(const DataSet& set, const Layout& layout) {
  const std::string folder = folder_of(set, layout), unfinished = unfinished_folder_of(set, layout);
  if (!std::filesystem::exists(folder)) return {};
  std::error_code error;
  std::filesystem::remove_all(unfinished, error);
  if (error) return fail(ErrorKind::kFailed, "base.cannot_write", unfinished, error.message());
  return move_lastingly(folder, unfinished);
}

// Models and other sets may want the same bytes at once: their lock is held too.
Result<uint64_t> fetch_data_file(const DownloadRequest& request, const std::string& path, const Layout& layout, const OnProgress& progress,
                                 const Patience& patience) {
  const std::string key = download_key(request);
  SLM_TRY(lock, FileLock::take(layout.lock("download-" + key), true));
  SLM_TRY(file, download(request, layout, progress, patience));
  SLM_TRY_STATUS(move_lastingly(file.path, path));
  discard_partial(layout, key);
  return file.received;
}

}  // namespace

std::string data_directory(const Layout& layout) { return layout.root + "/data"; }

bool has_data(const DataSet& set, const Layout& layout) {
  const std::string folder = folder_of(set, layout);
  return std::all_of(set.files.begin(), set.files.end(), [&](const DataFile& file) { return has_size(path_in(folder, set, file), file); });
}

uint64_t data_bytes_missing(const DataSet& set, const Layout& layout) {
  const std::string folder = folder_of(set, layout);
  const std::string from = std::filesystem::exists(folder) ? folder : unfinished_folder_of(set, layout);
  uint64_t missing = 0;
  for (const DataFile& file : set.files) missing += has_size(path_in(from, set, file), file) ? 0 : file.bytes;
  return missing;
}

Result<uint64_t> pull_data(const DataSet& set, const Layout& layout, const Asking& asking, const OnProgress& progress, const Patience& patience) {
  SLM_TRY(lock, lock_data(set, layout, progress));
  if (has_all_bytes(folder_of(set, layout), set)) return uint64_t{0};
  SLM_TRY_STATUS(take_back(set, layout));
  const std::string unfinished = unfinished_folder_of(set, layout);
  const uint64_t total = set.bytes();
  uint64_t done = 0, received = 0;
  // The set's progress, not that of each of its small files.
  const OnProgress of_file = [&](const Progress& file) {
    if (!progress) return;
    const bool counts = file.stage == "download";
    progress({file.stage, counts ? std::string(kDataPrefix) + set.name : file.detail, counts ? done + file.done : file.done, counts ? total : file.total});
  };
  for (const DataFile& file : set.files) {
    const std::string path = path_in(unfinished, set, file);
    if (!has_bytes(path, file)) {
      SLM_TRY(came, fetch_data_file(request_of(file, asking), path, layout, of_file, patience));
      received += came;
    }
    done += file.bytes;
  }
  SLM_TRY_STATUS(move_lastingly(unfinished, folder_of(set, layout)));
  return received;
}

Status remove_data(const DataSet& set, const Layout& layout) {
  SLM_TRY(lock, lock_data(set, layout, {}));
  uintmax_t removed = 0;
  for (const std::string& folder : {folder_of(set, layout), unfinished_folder_of(set, layout)}) {
    std::error_code error;
    removed += std::filesystem::remove_all(folder, error);
    if (error) return fail(ErrorKind::kFailed, "base.cannot_write", folder, error.message());
  }
  return removed == 0 ? fail(ErrorKind::kNotFound, "hub.data.not_here", set.name) : Status{};
}

Status verify_data(const DataSet& set, const Layout& layout, const OnProgress& progress) {
  const uint64_t total = set.bytes();
  uint64_t hashed = 0;
  for (const DataFile& file : set.files) {
    const std::string path = path_in(folder_of(set, layout), set, file);
    if (!std::filesystem::exists(path)) return fail_with_hint(ErrorKind::kNotFound, msg("hub.data.file_missing", path), msg("hub.data.pull_it", set.name));
    SLM_TRY(hex, sha256_of_file(path));
    if (hex != file.sha256) {
      return fail_with_hint(ErrorKind::kCorrupt, msg("hub.data.other_bytes", path, file.sha256, hex), msg("hub.data.pull_it", set.name));
    }
    hashed += file.bytes;
    if (progress) progress({"hash", std::string(kDataPrefix) + set.name, hashed, total});
  }
  return {};
}

}  // namespace slm::hub
