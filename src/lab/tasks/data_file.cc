#include "lab/tasks/data_file.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "base/files.h"
#include "base/text.h"
#include "hub/digest.h"
#include "lab/bzip2.h"
#include "lab/gzip.h"

namespace slm::lab {
namespace {

bool is_file(const std::string& path) {
  struct stat facts;
  return stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
}

// A path that stays below its directory: relative, without "..".
bool stays_below(std::string_view path) {
  if (path.empty() || path.front() == '/') return false;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    if (part == "..") return false;
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  }
  return true;
}

FoundFile found_file(const std::string& directory, const std::string& name) {
  std::string stem = name.substr(name.rfind('/') + 1);  // npos + 1 is 0
  stem = stem.substr(0, stem.find('.'));
  return {directory + "/" + name, name, std::move(stem)};
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  const auto close = [](DIR* open) { closedir(open); };
  const std::unique_ptr<DIR, decltype(close)> handle(opendir(directory.c_str()), close);
  if (handle == nullptr) return names;
  while (const dirent* entry = readdir(handle.get())) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<std::vector<FoundFile>> find_data_files(const std::string& directory, const std::string& pattern) {
  if (!stays_below(pattern)) return fail(ErrorKind::kCorrupt, "lab.task.bad_path", pattern);
  std::vector<FoundFile> found;
  const size_t star = pattern.find('*');
  if (star == std::string::npos) {
    if (is_file(directory + "/" + pattern)) found.push_back(found_file(directory, pattern));
    return found;
  }
  const size_t slash = pattern.rfind('/');
  const bool in_last_part = slash == std::string::npos || star > slash;
  if (!in_last_part || pattern.find('*', star + 1) != std::string::npos) return fail(ErrorKind::kCorrupt, "lab.task.bad_path", pattern);
  const std::string folder = slash == std::string::npos ? "" : pattern.substr(0, slash + 1);
  const std::string before = pattern.substr(folder.size(), star - folder.size()), after = pattern.substr(star + 1);
  for (const std::string& name : names_in(directory + "/" + folder)) {
    const bool matches = name.size() >= before.size() + after.size() && name.starts_with(before) && name.ends_with(after);
    if (matches && is_file(directory + "/" + folder + name)) found.push_back(found_file(directory, folder + name));
  }
  return found;
}

Result<std::string> read_data_file(const FoundFile& file, std::string_view sha256) {
  SLM_TRY(bytes, read_text_file(file.path, limits::kDatasetMaxBytes));
  if (!sha256.empty()) {
    hub::Sha256 digest;
    digest.add(std::as_bytes(std::span(bytes)));
    const std::string found = digest.hex();
    if (found != sha256) {
      return fail_with_hint(ErrorKind::kCorrupt, msg("lab.task.digest", file.path, sha256, found), msg("lab.task.digest_hint"));
    }
  }
  if (file.path.ends_with(".bz2")) {
    SLM_TRY(text, decompress_bzip2(bytes, file.path));
    bytes = std::move(text);
  } else if (file.path.ends_with(".gz")) {
    SLM_TRY(text, decompress_gzip(bytes, file.path));
    bytes = std::move(text);
  }
  if (const auto bad = first_invalid_utf8(bytes)) return fail(ErrorKind::kCorrupt, "lab.set_not_utf8", file.path, *bad);
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
  return bytes;
}

}  // namespace slm::lab
