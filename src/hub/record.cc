#include "hub/record.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "hub/sources/source.h"

namespace slm::hub {
namespace {

constexpr size_t kMostRecordBytes = 64u << 10;

bool same_file(const std::string& a, const std::string& b) {
  struct stat one = {}, two = {};
  return stat(a.c_str(), &one) == 0 && stat(b.c_str(), &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

std::string text_of(const Json& json, const char* name) {
  const auto at = json.find(name);
  return at != json.end() && at->is_string() ? at->get<std::string>() : "";
}

}  // namespace

Result<StoredModel> read_record(const std::string& path, const Layout& layout) {
  SLM_TRY(text, read_text_file(path, kMostRecordBytes));
  const auto json = parse_json(text);
  const auto damaged = [&] { return fail_with_hint(ErrorKind::kCorrupt, msg("hub.bad_record", path), msg("hub.store.replace_damaged")); };
  if (!json || !json->is_object()) return damaged();
  StoredModel model;
  model.name = text_of(*json, "name");
  model.sha256 = text_of(*json, "sha256");
  model.source = text_of(*json, "source");
  model.commit = text_of(*json, "commit");
  model.license = text_of(*json, "license");
  model.added = text_of(*json, "added");
  // The digest becomes part of a path.
  const auto bytes = json->find("bytes");
  if (!check_name(model.name) || !is_sha256(model.sha256) || bytes == json->end() || !bytes->is_number_unsigned()) return damaged();
  if (layout.record(model.name) != path) return damaged();
  model.bytes = bytes->get<uint64_t>();
  if (const auto parts = json->find("parts"); parts != json->end() && parts->is_array()) {
    for (const Json& part : *parts) {
      if (!part.is_string() || !is_sha256(part.get_ref<const std::string&>())) return damaged();
      model.parts.push_back(part.get<std::string>());
    }
  }
  if (const auto instruct = json->find("instruct"); instruct != json->end() && instruct->is_boolean()) {
    model.instruct = instruct->get<bool>();
    model.instruct_known = true;
  }
  const std::string blob = layout.blob(model.sha256);
  struct stat status = {};
  if (stat(blob.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail_with_hint(ErrorKind::kCorrupt, msg("hub.no_blob", model.name, blob), msg("hub.store.replace_damaged"));
  }
  if (static_cast<uint64_t>(status.st_size) != model.bytes) {
    return fail_with_hint(ErrorKind::kCorrupt, msg("hub.wrong_size", model.name + " (" + blob + ")", model.bytes, status.st_size), msg("hub.store.replace_damaged"));
  }
  const std::string link = layout.link(model.name);
  model.path = same_file(link, blob) ? link : blob;
  return model;
}

Status write_record(StoredModel& model, const Layout& layout) {
  SLM_TRY_STATUS(make_directories(layout.models()));
  const std::string link = layout.link(model.name), blob = layout.blob(model.sha256);
  unlink(link.c_str());
  // A file system without hard links: the blob's own path is used then.
  model.path = ::link(blob.c_str(), link.c_str()) == 0 ? link : blob;
  Json json{{"name", model.name},       {"bytes", model.bytes},     {"sha256", model.sha256},
            {"source", model.source},   {"license", model.license}, {"added", model.added}};
  if (!model.commit.empty()) json["commit"] = model.commit;
  if (!model.parts.empty()) json["parts"] = model.parts;
  if (model.instruct_known) json["instruct"] = model.instruct;
  return write_file_atomically(layout.record(model.name), to_text(json, 2) + "\n");
}

namespace {

std::vector<Result<StoredModel>> read_records(const Layout& layout) {
  std::vector<Result<StoredModel>> records;
  std::error_code error;
  std::filesystem::directory_iterator at(layout.models(), error);
  for (; !error && at != std::filesystem::directory_iterator() && records.size() < kMostModels; at.increment(error)) {
    if (at->path().extension() == ".json") records.push_back(read_record(at->path().string(), layout));
  }
  return records;
}

}  // namespace

std::vector<Error> damaged_records(const Layout& layout) {
  std::vector<Error> errors;
  for (auto& record : read_records(layout)) {
    if (!record && record.error().kind != ErrorKind::kNotFound) errors.push_back(std::move(record.error()));
  }
  std::sort(errors.begin(), errors.end(), [](const Error& a, const Error& b) { return a.message.args < b.message.args; });
  return errors;
}

std::vector<StoredModel> list_records(const Layout& layout) {
  std::vector<StoredModel> models;
  for (auto& record : read_records(layout)) {
    if (record) models.push_back(std::move(*record));
  }
  std::sort(models.begin(), models.end(), [](const StoredModel& a, const StoredModel& b) { return a.name < b.name; });
  return models;
}

Result<std::set<std::string>> named_digests(const Layout& layout) {
  std::set<std::string> digests;
  std::error_code error;
  std::filesystem::directory_iterator at(layout.models(), error);
  if (error == std::errc::no_such_file_or_directory) return digests;
  for (size_t records = 0; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    const std::string path = at->path().string();
    if (!path.ends_with(".json")) continue;
    if (++records > kMostModels) return fail(ErrorKind::kFailed, "hub.store.too_many_records", layout.models(), kMostModels);
    const auto text = read_text_file(path, kMostRecordBytes);
    if (!text && text.error().kind == ErrorKind::kNotFound) continue;  // removed just now
    if (!text) return tl::unexpected<Error>(text.error());
    const auto json = parse_json(*text);
    const std::string sha256 = json && json->is_object() ? text_of(*json, "sha256") : "";
    if (!is_sha256(sha256)) return fail_with_hint(ErrorKind::kCorrupt, msg("hub.bad_record", path), msg("hub.store.mend_record"));
    digests.insert(sha256);
  }
  if (error) return fail(ErrorKind::kFailed, "base.cannot_read", layout.models(), error.message());
  return digests;
}

Status remove_unreferenced_blob(const std::string& sha256, const Layout& layout) {
  SLM_TRY_STATUS(make_directories(layout.locks()));
  SLM_TRY(lock, FileLock::take(layout.blobs_lock(), true));
  const auto named = named_digests(layout);
  if (!named || named->contains(sha256)) return {};
  std::error_code error;
  std::filesystem::remove(layout.blob(sha256), error);
  if (error) return fail(ErrorKind::kFailed, "base.cannot_write", layout.blob(sha256), error.message());
  return {};
}

bool is_same_model(const StoredModel& stored, const RemoteModel& remote) {
  if (!remote.rest.empty()) {
    // The digest of the joined file is nobody's but ours.
    const auto is_same = [](const std::string& digest, const RemoteFile& part) { return !part.sha256.empty() && part.sha256 == digest; };
    return stored.parts.size() == remote.rest.size() + 1 && is_same(stored.parts[0], remote.file) &&
           std::equal(remote.rest.begin(), remote.rest.end(), stored.parts.begin() + 1, [&](const RemoteFile& part, const std::string& digest) { return is_same(digest, part); });
  }
  if (!remote.file.sha256.empty()) return stored.sha256 == remote.file.sha256;
  // A version of a package stays what it is.
  if (!remote.wheels.empty()) return stored.source == remote.source;
  return stored.source == remote.source && stored.commit == remote.commit && remote.file.bytes == stored.bytes;
}

std::string time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace slm::hub
