#include "hub/data/data_sets.h"

#include <algorithm>
#include <map>

#include "base/json.h"
#include "hub/data/datasets_json.h"
#include "hub/layout.h"
#include "hub/sources/source.h"

namespace slm::hub {
namespace {

tl::unexpected<Error> bad_set(const std::string& place, std::string_view field) { return fail(ErrorKind::kCorrupt, "hub.data.bad_field", place, field); }

Result<std::string> text_of(const Json& object, const char* field, const std::string& place) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_string()) return bad_set(place, field);
  return found->get<std::string>();
}

// Below "NAME/", without a part that leads elsewhere.
bool is_below(const std::string& file, const std::string& name) {
  if (!file.starts_with(name + "/") || file.ends_with('/')) return false;
  const std::string parts = "/" + file + "/";
  return parts.find("/../") == std::string::npos && parts.find("/./") == std::string::npos && parts.find("//") == std::string::npos;
}

std::string filled(std::string address, const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) {
    if (const size_t at = address.find(name); at != std::string::npos) address.replace(at, name.size(), value);
  }
  return address;
}

struct DataRepository {
  std::string name, commit;
  std::vector<std::string> addresses;  // with {repository}, {commit} and {path}
};

Result<DataFile> parse_data_file(const Json& json, const DataSet& set, const DataRepository& repository) {
  if (!json.is_object()) return bad_set(set.name, "files");
  DataFile parsed;
  SLM_TRY(file, text_of(json, "file", set.name));
  if (!is_below(file, set.name)) return bad_set(set.name, "file");
  SLM_TRY(path, text_of(json, "path", file));
  SLM_TRY(sha256, text_of(json, "sha256", file));
  if (!is_sha256(sha256)) return bad_set(file, "sha256");
  const auto bytes = json.find("bytes");
  if (bytes == json.end() || !bytes->is_number_unsigned()) return bad_set(file, "bytes");
  parsed.bytes = bytes->get<uint64_t>();
  for (const std::string& address : repository.addresses) {
    parsed.addresses.push_back(filled(address, {{"{repository}", repository.name}, {"{commit}", repository.commit}, {"{path}", escape_path(path)}}));
  }
  parsed.file = std::move(file);
  parsed.sha256 = std::move(sha256);
  return parsed;
}

Result<DataSet> parse_data_set(const Json& json, const std::vector<std::string>& addresses) {
  if (!json.is_object()) return bad_set("datasets", "sets");
  DataSet set;
  const std::pair<const char*, std::string*> texts[] = {{"name", &set.name}, {"title", &set.title}, {"license", &set.license}, {"limit", &set.limit}};
  for (const auto& [field, text] : texts) {
    SLM_TRY(value, text_of(json, field, set.name.empty() ? "datasets" : set.name));
    *text = std::move(value);
  }
  SLM_TRY_STATUS(check_name(set.name));
  SLM_TRY(repository, text_of(json, "repository", set.name));
  SLM_TRY(commit, text_of(json, "commit", set.name));
  set.source = repository + " @" + commit;
  const auto files = json.find("files");
  if (files == json.end() || !files->is_array() || files->empty()) return bad_set(set.name, "files");
  for (const Json& file : *files) {
    SLM_TRY(parsed, parse_data_file(file, set, {repository, commit, addresses}));
    set.files.push_back(std::move(parsed));
  }
  return set;
}

}  // namespace

uint64_t DataSet::bytes() const {
  uint64_t total = 0;
  for (const DataFile& file : files) total += file.bytes;
  return total;
}

Result<std::vector<DataSet>> parse_data_sets(std::string_view text) {
  SLM_TRY(json, parse_json(text));
  const auto addresses = json.find("addresses"), sets = json.find("sets");
  if (addresses == json.end() || !addresses->is_array() || addresses->empty()) return bad_set("datasets", "addresses");
  if (sets == json.end() || !sets->is_array()) return bad_set("datasets", "sets");
  std::vector<std::string> patterns;
  for (const Json& address : *addresses) {
    if (!address.is_string()) return bad_set("datasets", "addresses");
    patterns.push_back(address.get<std::string>());
  }
  std::vector<DataSet> parsed;
  for (const Json& set : *sets) {
    SLM_TRY(one, parse_data_set(set, patterns));
    parsed.push_back(std::move(one));
  }
  return parsed;
}

const std::vector<DataSet>& data_sets() {
  static const std::vector<DataSet> sets = [] {
    auto parsed = parse_data_sets(datasets_json());
    SLM_CHECK(parsed.has_value());  // ours, from the build; a test reads it
    return std::move(*parsed);
  }();
  return sets;
}

const DataSet* find_data_set(std::string_view name) {
  if (name.starts_with(kDataPrefix)) name.remove_prefix(kDataPrefix.size());
  const auto& sets = data_sets();
  const auto found = std::find_if(sets.begin(), sets.end(), [&](const DataSet& set) { return set.name == name; });
  return found == sets.end() ? nullptr : &*found;
}

std::string_view pinned_digest(std::string_view file) {
  const DataSet* set = find_data_set(file.substr(0, file.find('/')));
  if (set == nullptr) return {};
  const auto found = std::find_if(set->files.begin(), set->files.end(), [&](const DataFile& one) { return one.file == file; });
  return found == set->files.end() ? std::string_view() : std::string_view(found->sha256);
}

}  // namespace slm::hub
