#include "hub/disk_caches.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/files.h"
#include "gguf/split.h"
#include "hub/layout.h"
#include "hub/sources/gguf_choice.h"
#include "hub/sources/oci_registry.h"

namespace slm::hub {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOllama = "ollama:", kHuggingFace = "hf:", kOllamaHost = "registry.ollama.ai", kDefaultNamespace = "library", kDefaultTag = "latest";
constexpr std::string_view kRepositoryPrefix = "models--";
constexpr size_t kMostEntries = 20'000;       // of one directory tree
constexpr size_t kMostManifestFileBytes = 1u << 20;
constexpr int kDeepestSnapshot = 4;

std::string own_directory(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr ? value : "";
}

std::vector<std::string> ollama_roots() {
  if (std::string own = own_directory("OLLAMA_MODELS"); !own.empty()) return {own};
  return {home_directory() + "/.ollama/models", "/usr/share/ollama/.ollama/models"};
}

std::string hugging_face_root() {
  for (const char* variable : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (std::string own = own_directory(variable); !own.empty()) return own;
  }
  if (const std::string home = own_directory("HF_HOME"); !home.empty()) return home + "/hub";
  const std::string cache = own_directory("XDG_CACHE_HOME");
  return (cache.empty() ? home_directory() + "/.cache" : cache) + "/huggingface/hub";
}

// The directory's own entries by name, itself and they not followed where they are links.
std::vector<std::string> entries_of(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(directory, error);
  for (; !error && at != fs::directory_iterator() && names.size() < kMostEntries; at.increment(error)) names.push_back(at->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// The regular file behind `path`, links resolved. Errors: kNotFound; kCorrupt: it lies outside `root`, or is no regular file.
Result<std::string> file_inside(const std::string& path, const std::string& root) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return fail(ErrorKind::kNotFound, "base.no_file", path);
  const fs::path inside = fs::canonical(root, error);
  const auto [end, unused] = std::mismatch(inside.begin(), inside.end(), real.begin(), real.end());
  if (error || end != inside.end()) return fail(ErrorKind::kCorrupt, "hub.store.leads_outside", path, real.string());
  // Before it is opened: a pipe would be waited for.
  if (!fs::is_regular_file(real, error)) return fail(ErrorKind::kCorrupt, "base.not_regular", path);
  return real.string();
}

// "manifests/HOST/NAMESPACE/NAME/TAG" of a name. Errors: kUsage.
Result<std::string> manifest_of(const std::string& name) {
  SLM_TRY(image, parse_image_name(name));
  const size_t host = image.registry.find("://");
  const bool is_default = image.registry == endpoint_of("ollama").url;
  return "manifests/" + (is_default ? std::string(kOllamaHost) : image.registry.substr(host + 3)) + "/" + image.repository + "/" + image.tag;
}

Result<CachedModel> read_ollama_model(const std::string& root, const std::string& manifest, const std::string& name) {
  SLM_TRY(manifest_path, file_inside(root + "/" + manifest, root));
  SLM_TRY(text, read_text_file(manifest_path, kMostManifestFileBytes));
  SLM_TRY(layers, read_manifest(text, name));
  CachedModel model;
  model.name = name;
  for (const ModelLayer& layer : layers.files) {
    SLM_TRY(path, file_inside(root + "/blobs/sha256-" + layer.sha256, root + "/blobs"));
    std::error_code error;
    const uint64_t bytes = fs::file_size(path, error);
    if (error || bytes != layer.bytes) return fail(ErrorKind::kCorrupt, "hub.wrong_size", path, layer.bytes, bytes);
    model.bytes += bytes;
    model.paths.push_back(path);
  }
  if (layers.files.size() == 1) model.sha256 = layers.files.front().sha256;
  return model;
}

Result<CachedModel> find_in_ollama(const std::string& name) {
  SLM_TRY(manifest, manifest_of(name));
  const std::vector<std::string> roots = ollama_roots();
  std::error_code error;
  for (const std::string& root : roots) {
    if (fs::exists(root + "/" + manifest, error)) return read_ollama_model(root, manifest, name);
  }
  return fail_with_hint(ErrorKind::kNotFound, msg("hub.store.not_in_ollama", name, roots.front()), msg("hub.store.fetch_instead", name));
}

void list_ollama(std::vector<CachedModel>& models) {
  const auto add = [&](const std::string& root, const std::string& host, const std::string& space, const std::string& model, const std::string& tag) {
    std::string name(kOllama);
    if (host != kOllamaHost) name += host + "/";
    if (host != kOllamaHost || space != kDefaultNamespace) name += space + "/";
    name += model + (tag == kDefaultTag ? "" : ":" + tag);
    const auto manifest = manifest_of(name);
    if (!manifest || models.size() >= kMostCachedModels) return;
    if (auto found = read_ollama_model(root, *manifest, name)) models.push_back(std::move(*found));
  };
  for (const std::string& root : ollama_roots()) {
    const std::string top = root + "/manifests/";
    for (const std::string& host : entries_of(top)) {
      for (const std::string& space : entries_of(top + host)) {
        for (const std::string& model : entries_of(top + host + "/" + space)) {
          for (const std::string& tag : entries_of(top + host + "/" + space + "/" + model)) add(root, host, space, model, tag);
        }
      }
    }
  }
}

bool is_commit(std::string_view text) { return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

// The commit that refs/main names, else the snapshot made last; "" where there is none.
std::string chosen_commit(const std::string& repository) {
  if (const auto path = file_inside(repository + "/refs/main", repository)) {
    const auto text = read_text_file(*path, 256);
    const std::string commit = text ? text->substr(0, text->find_last_not_of(" \r\n") + 1) : "";
    std::error_code error;
    if (is_commit(commit) && fs::is_directory(repository + "/snapshots/" + commit, error)) return commit;
  }
  std::string newest;
  fs::file_time_type newest_time;
  for (const std::string& name : entries_of(repository + "/snapshots")) {
    std::error_code error;
    const auto time = fs::last_write_time(repository + "/snapshots/" + name, error);
    if (error || !is_commit(name) || (!newest.empty() && time <= newest_time)) continue;
    newest = name;
    newest_time = time;
  }
  return newest;
}

// The snapshot's GGUF files by their path in the repository.
void list_snapshot(const std::string& directory, const std::string& below, int depth, std::vector<std::string>& files) {
  for (const std::string& name : entries_of(directory + "/" + below)) {
    const std::string path = below.empty() ? name : below + "/" + name;
    std::error_code error;
    const auto status = fs::symlink_status(directory + "/" + path, error);
    if (fs::is_directory(status) && depth < kDeepestSnapshot) list_snapshot(directory, path, depth + 1, files);
    if (!fs::is_directory(status) && name.ends_with(".gguf") && files.size() < kMostEntries) files.push_back(path);
  }
}

struct Snapshot {
  std::string repository;                                    // its directory
  std::string commit;
  std::map<std::string, std::vector<std::string>> models;    // file's name in the repository, a split model's without its number -> files
};

Snapshot read_snapshot(const std::string& repository) {
  Snapshot snapshot{repository, chosen_commit(repository), {}};
  if (snapshot.commit.empty()) return snapshot;
  std::vector<std::string> files;
  list_snapshot(repository + "/snapshots/" + snapshot.commit, "", 0, files);
  for (const std::string& file : files) {
    const auto part = gguf::parse_part_name(file);
    snapshot.models[part && part->count > 1 ? part->stem + ".gguf" : file].push_back(file);
  }
  return snapshot;
}

Result<CachedModel> read_snapshot_model(const Snapshot& snapshot, const std::string& name, const std::vector<std::string>& files) {
  CachedModel model{name, {}, 0, "", snapshot.commit};
  const auto part = gguf::parse_part_name(files.front());
  const bool split = part && part->count > 1;
  for (uint32_t i = 0; i < (split ? part->count : 1); ++i) {
    const std::string file = split ? part->path_of(i + 1) : files.front();
    SLM_TRY(path, file_inside(snapshot.repository + "/snapshots/" + snapshot.commit + "/" + file, snapshot.repository));
    std::error_code error;
    model.bytes += fs::file_size(path, error);
    if (error) return fail(ErrorKind::kNotFound, "base.no_file", path);
    model.paths.push_back(path);
  }
  const fs::path real(model.paths.front());
  std::error_code error;
  const bool is_blob = real.parent_path() == fs::canonical(snapshot.repository, error) / "blobs";
  if (!split && is_blob && is_sha256(real.filename().string())) model.sha256 = real.filename().string();
  return model;
}

Result<CachedModel> find_in_hugging_face(const std::string& name) {
  SLM_TRY(wanted, parse_repository_name("hf", name));
  std::string directory = wanted.repository;
  directory.replace(directory.find('/'), 1, "--");
  const std::string root = hugging_face_root();
  const Snapshot snapshot = read_snapshot(root + "/" + std::string(kRepositoryPrefix) + directory);
  const auto absent = [&] { return fail_with_hint(ErrorKind::kNotFound, msg("hub.store.not_in_hugging_face", name, root), msg("hub.store.fetch_instead", name)); };
  if (snapshot.models.empty()) return absent();
  std::vector<ListedFile> listed;
  for (const auto& [path, files] : snapshot.models) {
    std::error_code error;
    const uint64_t bytes = fs::file_size(snapshot.repository + "/snapshots/" + snapshot.commit + "/" + files.front(), error);
    listed.push_back({path, error ? 0 : bytes, ""});
  }
  const auto chosen = choose_gguf(listed, wanted.quantization, wanted.repository);
  // Of another quantisation than those that lie here: it may still be had.
  if (!chosen && chosen.error().kind == ErrorKind::kNotFound) return absent();
  if (!chosen) return tl::unexpected<Error>(chosen.error());
  return read_snapshot_model(snapshot, name, snapshot.models.at(chosen->front().path));
}

void list_hugging_face(std::vector<CachedModel>& models) {
  const std::string root = hugging_face_root();
  for (const std::string& directory : entries_of(root)) {
    const size_t dashes = directory.find("--", kRepositoryPrefix.size());
    if (!directory.starts_with(kRepositoryPrefix) || dashes == std::string::npos) continue;
    const std::string repository = directory.substr(kRepositoryPrefix.size(), dashes - kRepositoryPrefix.size()) + "/" + directory.substr(dashes + 2);
    const Snapshot snapshot = read_snapshot(root + "/" + directory);
    for (const auto& [path, files] : snapshot.models) {
      const std::string name = std::string(kHuggingFace) + repository + ":" + path.substr(path.rfind('/') + 1);
      // Names that nobody could ask for, and projectors, are not shown.
      if (models.size() >= kMostCachedModels || !parse_repository_name("hf", name) || path.find("mmproj") != std::string::npos) continue;
      if (auto found = read_snapshot_model(snapshot, name, files)) models.push_back(std::move(*found));
    }
  }
}

}  // namespace

bool is_cache_name(std::string_view name) { return name.starts_with(kOllama) || name.starts_with(kHuggingFace); }

std::vector<CachedModel> list_cached_models() {
  std::vector<CachedModel> models;
  list_ollama(models);
  list_hugging_face(models);
  std::sort(models.begin(), models.end(), [](const CachedModel& a, const CachedModel& b) { return a.name < b.name; });
  models.erase(std::unique(models.begin(), models.end(), [](const CachedModel& a, const CachedModel& b) { return a.name == b.name; }), models.end());
  return models;
}

Result<CachedModel> find_cached_model(const std::string& name) {
  return name.starts_with(kOllama) ? find_in_ollama(name) : find_in_hugging_face(name);
}

std::optional<std::string> find_cached_bytes(const std::string& sha256) {
  if (!is_sha256(sha256)) return std::nullopt;
  for (const std::string& root : ollama_roots()) {
    if (auto path = file_inside(root + "/blobs/sha256-" + sha256, root + "/blobs")) return std::move(*path);
  }
  const std::string root = hugging_face_root();
  for (const std::string& directory : entries_of(root)) {
    if (!directory.starts_with(kRepositoryPrefix)) continue;
    if (auto path = file_inside(root + "/" + directory + "/blobs/" + sha256, root + "/" + directory)) return std::move(*path);
  }
  return std::nullopt;
}

}  // namespace slm::hub
