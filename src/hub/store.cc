#include "hub/store.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/text.h"
#include "gguf/file.h"
#include "gguf/split.h"
#include "hub/checked_file.h"
#include "hub/digest.h"
#include "hub/disk_caches.h"
#include "hub/download.h"
#include "hub/journal.h"
#include "hub/local_files.h"
#include "hub/publish.h"
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

// What is to be imported.
struct Origin {
  std::vector<std::string> paths;        // the parts of a split model in order, else one
  std::string name, source, commit;      // for the record
  std::string sha256;                    // that it should have; "" unknown
};

const std::string& path_of(const Origin& origin) { return origin.paths.front(); }

// A file, a part of a model, or a name of another program's cache. Errors: those of find_cached_model and files_of_model.
Result<Origin> origin_of(const std::string& path) {
  if (is_cache_name(path) && !is_regular_file(path)) {
    SLM_TRY(cached, find_cached_model(path));
    return Origin{cached.paths, check_name(path) ? path : name_from_file(path), path, cached.commit, cached.sha256};
  }
  SLM_TRY(paths, files_of_model(path));
  const auto part = gguf::parse_part_name(path);
  const std::string name = name_from_file(part && part->count > 1 ? part->stem : path);
  return Origin{paths, name, "import:" + fs::absolute(path).string(), "", ""};
}

// A model must be read as a GGUF before anything of it is taken; one file must not say that it is a part of several.
Status check_parts(const std::vector<std::string>& paths) {
  if (paths.size() > 1) return gguf::SplitFile::open(paths).map([](const gguf::SplitFile&) {});
  SLM_TRY(file, gguf::File::open(paths.front()));
  SLM_TRY(count, file->find_u64("split.count"));
  SLM_TRY(number, file->find_u64("split.no"));
  if (count.value_or(1) == 1) return {};
  return fail_with_hint(ErrorKind::kFailed, msg("hub.store.part_renamed", paths.front(), number.value_or(0) + 1, *count), msg("hub.store.part_names", gguf::PartName{"NAME", 1, static_cast<uint32_t>(*count)}.path_of(1)));
}

// What the catalogue knows the model as: by its name, else by its bytes.
const CatalogueEntry* entry_of(const StoredModel& model) {
  if (const CatalogueEntry* entry = find_entry(model.name)) return entry;
  const auto& all = catalogue();
  const auto at = std::find_if(all.begin(), all.end(), [&](const CatalogueEntry& entry) { return !entry.sha256.empty() && entry.sha256 == model.sha256; });
  return at == all.end() ? nullptr : &*at;
}

// A file on its way into the store; what is left of it goes with the object.
class ImportedFile {
 public:
  explicit ImportedFile(std::string directory) : directory_(std::move(directory)) {}
  ImportedFile(const ImportedFile&) = delete;
  ImportedFile& operator=(const ImportedFile&) = delete;
  ~ImportedFile() {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }
  std::string path() const { return directory_ + "/imported"; }
  // Errors: those of take_in and join_parts.
  Result<JoinedFile> take(const std::vector<std::string>& paths, const OnProgress& progress) const {
    SLM_TRY_STATUS(make_directories(directory_));
    if (paths.size() > 1) return join_parts(paths, path(), progress);
    SLM_TRY_STATUS(take_in(paths.front(), path(), progress));
    JoinedFile file;
    SLM_TRY(hex, sha256_of_file(path(), [&](uint64_t done, uint64_t total) {
      file.bytes = total;
      report(progress, "hash", paths.front(), done, total);
    }));
    file.sha256 = hex;
    return file;
  }

 private:
  std::string directory_;
};

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

std::vector<Error> Store::damaged() const { return damaged_records(layout_); }

std::optional<StoredModel> Store::find(std::string_view name) const {
  if (!check_name(name)) return std::nullopt;
  auto model = read_record(layout_.record(kept_name(name)), layout_);
  if (!model) return std::nullopt;
  return std::move(*model);
}

Result<StoredModel> Store::resolve(std::string_view name_or_path, const OnProgress& progress) const {
  const std::string text(name_or_path);
  if (check_name(text)) {
    auto model = read_record(layout_.record(kept_name(text)), layout_);
    if (model || model.error().kind != ErrorKind::kNotFound) return model;
  }
  if (is_regular_file(text)) {
    if (const auto part = gguf::parse_part_name(text); part && part->count > 1) {
      return fail_with_hint(ErrorKind::kUsage, msg("hub.store.one_part", text, part->number, part->count), msg("hub.store.import_parts", text));
    }
    StoredModel model;
    model.name = stem_of(text);
    model.path = text;
    std::error_code error;
    model.bytes = fs::file_size(text, error);
    model.source = "file";
    return model;
  }
  if (is_cache_name(text)) return resolve_cached(text, progress);
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

Result<std::string> Store::sha256_of(const std::string& path, const OnProgress& progress) const { return remembered_sha256(path, layout_, progress); }

Result<std::string> Store::sha256_of(const StoredModel& model) const {
  if (!model.sha256.empty()) return model.sha256;
  return sha256_of(model.path);
}

Result<StoredModel> Store::resolve_cached(const std::string& name, const OnProgress& progress) const {
  SLM_TRY(cached, find_cached_model(name));
  if (cached.paths.size() > 1) {
    return fail_with_hint(ErrorKind::kUsage, msg("hub.store.one_part", cached.paths.front(), 1, cached.paths.size()), msg("hub.store.import_parts", name));
  }
  // Some of these programs give a blob its name before they hash it.
  if (!cached.sha256.empty()) SLM_TRY_STATUS(check_file(cached.paths.front(), cached.sha256, layout_, progress));
  StoredModel model;
  model.name = name;
  model.path = cached.paths.front();
  model.bytes = cached.bytes;
  model.sha256 = cached.sha256;
  model.source = name;
  model.commit = cached.commit;
  return model;
}

tl::unexpected<Error> Store::not_in_store(std::string_view name) const {
  std::vector<std::string> names;
  for (const StoredModel& model : list()) names.push_back(model.name);
  const auto near = nearest_spelling(name, names);
  return fail_with_hint(ErrorKind::kNotFound, msg("hub.not_in_store", name), near ? msg("hub.did_you_mean", *near) : msg("hub.see_list"));
}

Result<StoredModel> Store::import(const std::string& path, const std::string& name, const OnProgress& progress) {
  SLM_TRY(origin, origin_of(path));
  StoredModel model;
  model.name = kept_name(!name.empty() ? name : origin.name);
  model.source = origin.source;
  model.commit = origin.commit;
  SLM_TRY_STATUS(check_name(model.name));
  SLM_TRY_STATUS(check_parts(origin.paths));
  SLM_TRY_STATUS(make_directories(layout_.locks()));
  SLM_TRY(lock, FileLock::take(layout_.lock(model.name), true));
  const auto present = find(model.name);
  const auto known = [&](const std::string& sha256) -> Result<StoredModel> {
    if (sha256 == present->sha256) return *present;
    return fail_with_hint(ErrorKind::kUsage, msg("hub.name_taken", model.name), msg("hub.choose_name", model.name));
  };
  if (present && origin.paths.size() == 1) {
    SLM_TRY(hex, sha256_of_file(path_of(origin), [&](uint64_t done, uint64_t total) { report(progress, "hash", path, done, total); }));
    return known(hex);
  }
  const ImportedFile taken(layout_.parts(model.name));
  SLM_TRY(file, taken.take(origin.paths, progress));
  if (!origin.sha256.empty() && origin.sha256 != file.sha256) {
    return fail_with_hint(ErrorKind::kCorrupt, msg("hub.wrong_digest", path_of(origin), origin.sha256, file.sha256), msg("hub.store.cache_damaged"));
  }
  if (present) return known(file.sha256);
  model.sha256 = file.sha256;
  model.bytes = file.bytes;
  model.added = time_now();
  if (const CatalogueEntry* entry = entry_of(model)) {
    model.license = entry->license;
    model.instruct = entry->instruct;
    model.instruct_known = true;
  }
  SLM_TRY(blobs, share_blobs(layout_));
  SLM_TRY_STATUS(publish_blob(taken.path(), file.sha256, layout_));
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
