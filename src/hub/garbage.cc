#include "hub/garbage.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <map>
#include <set>

#include "base/files.h"
#include "hub/awaited_lock.h"
#include "hub/record.h"
#include "hub/write_error.h"

namespace slm::hub {
namespace {

namespace fs = std::filesystem;

using Inode = std::pair<dev_t, ino_t>;

// Names in a directory, sorted, at most kMostNames; none where there is no such directory.
Result<std::vector<std::string>> names_in(const std::string& directory) {
  constexpr size_t kMostNames = 1'000'000;
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(directory, error);
  if (error == std::errc::no_such_file_or_directory) return names;
  for (; !error && at != fs::directory_iterator() && names.size() < kMostNames; at.increment(error)) names.push_back(at->path().filename().string());
  if (error) return fail(ErrorKind::kFailed, "base.cannot_read", directory, error.message());
  std::sort(names.begin(), names.end());
  return names;
}

double seconds_old(const struct stat& status) { return std::difftime(std::time(nullptr), status.st_mtime); }

// "NAME.PID.NUMBER.tmp", as write_file_atomically calls them. Others' files of that ending are not ours to remove.
bool is_own_temporary(std::string_view name) {
  constexpr std::string_view kEnd = ".tmp";
  if (!name.ends_with(kEnd)) return false;
  name.remove_suffix(kEnd.size());
  for (int field = 0; field < 2; ++field) {
    const size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size()) return false;
    if (name.find_first_not_of("0123456789", dot + 1) != std::string_view::npos) return false;
    name = name.substr(0, dot);
  }
  return true;
}

class Collector {
 public:
  Collector(const Layout& layout, const GarbageOptions& options) : layout_(layout), options_(options) {}

  Status collect(const std::set<std::string>& named) {
    SLM_TRY_STATUS(links(named));
    SLM_TRY_STATUS(blobs(named));
    SLM_TRY_STATUS(partial_files(named));
    SLM_TRY_STATUS(wheel_directories());
    SLM_TRY_STATUS(unfinished_sets());
    return temporaries();
  }
  Garbage take() { return std::move(garbage_); }

 private:
  // Readable links to blobs that no record names (they would keep the bytes), and those without a record of their own. They are made before the
  // record, under share_blobs. A file that is no link to a blob is not ours.
  Status links(const std::set<std::string>& named) {
    std::set<Inode> all, unnamed;
    SLM_TRY(blobs, names_in(layout_.blobs()));
    for (const std::string& name : blobs) {
      struct stat status = {};
      if (lstat((layout_.blobs() + "/" + name).c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
      all.insert({status.st_dev, status.st_ino});
      if (is_unnamed(name, named)) unnamed.insert({status.st_dev, status.st_ino});
    }
    SLM_TRY(files, names_in(layout_.models()));
    for (const std::string& name : files) {
      const std::string path = layout_.models() + "/" + name;
      struct stat status = {}, record = {};
      if (!name.ends_with(".gguf") || lstat(path.c_str(), &status) != 0 || !all.contains({status.st_dev, status.st_ino})) continue;
      const bool has_record = lstat((path.substr(0, path.size() - 5) + ".json").c_str(), &record) == 0;
      if (has_record && !unnamed.contains({status.st_dev, status.st_ino})) continue;
      SLM_TRY_STATUS(remove_file(path, GarbageReason::kNoRecord));
    }
    return {};
  }

  Status blobs(const std::set<std::string>& named) {
    SLM_TRY(names, names_in(layout_.blobs()));
    for (const std::string& name : names) {
      if (is_unnamed(name, named)) SLM_TRY_STATUS(remove_file(layout_.blobs() + "/" + name, GarbageReason::kNoRecord));
    }
    return {};
  }

  static bool is_unnamed(const std::string& name, const std::set<std::string>& named) {
    constexpr std::string_view kPrefix = "sha256-";
    return name.starts_with(kPrefix) && is_sha256(std::string_view(name).substr(kPrefix.size())) && !named.contains(name.substr(kPrefix.size()));
  }

  // blobs/.part: everything of one KEY, under the lock of its download.
  Status partial_files(const std::set<std::string>& named) {
    const std::string directory = layout_.blobs() + "/.part";
    SLM_TRY(names, names_in(directory));
    std::map<std::string, std::vector<std::string>> by_key;
    for (const std::string& name : names) by_key[name.substr(0, name.find('.'))].push_back(directory + "/" + name);
    for (const auto& [key, paths] : by_key) {
      SLM_TRY(lock, FileLock::take(layout_.lock("download-" + key), false));
      SLM_TRY_STATUS(take_or_keep(paths, lock.held() ? (named.contains(key) ? GarbageReason::kLeftOver : reason_of(paths)) : GarbageReason::kBusy));
    }
    return {};
  }

  // .parts/NAME: wheels that came whole, and what was made of them. The directory's name is its lock's, too.
  Status wheel_directories() {
    const std::string directory = layout_.root + "/.parts";
    SLM_TRY(names, names_in(directory));
    for (const std::string& name : names) {
      SLM_TRY(lock, FileLock::take(layout_.locks() + "/" + name, false));
      if (!lock.held()) {
        garbage_.kept.push_back({directory + "/" + name, 0, GarbageReason::kBusy});  // what lies in it comes and goes
        continue;
      }
      SLM_TRY(files, files_below(directory + "/" + name));
      std::vector<std::string> wheels;
      for (const std::string& file : files) {
        const bool came_whole = fs::path(file).parent_path() == directory + "/" + name && file.ends_with(".whl");
        if (came_whole) wheels.push_back(file);
        else SLM_TRY_STATUS(remove_file(file, GarbageReason::kTemporary));
      }
      struct stat status = {};
      const bool is_here = lstat((layout_.models() + "/" + name + ".json").c_str(), &status) == 0;
      SLM_TRY_STATUS(take_or_keep(wheels, is_here ? GarbageReason::kLeftOver : reason_of(wheels)));
      if (!options_.dry_run) remove_empty(directory + "/" + name);
    }
    return {};
  }

  // data/.NAME.part: files of an evaluation set that came, under the lock of its pull.
  Status unfinished_sets() {
    constexpr std::string_view kPart = ".part";
    const std::string data = layout_.root + "/data/";
    SLM_TRY(names, names_in(data));
    for (const std::string& name : names) {
      if (!name.starts_with('.') || !name.ends_with(kPart) || name.size() <= 1 + kPart.size()) continue;
      SLM_TRY(lock, FileLock::take(layout_.lock("data-" + name.substr(1, name.size() - 1 - kPart.size())), false));
      if (!lock.held()) {
        garbage_.kept.push_back({data + name, 0, GarbageReason::kBusy});
        continue;
      }
      SLM_TRY(files, files_below(data + name));
      SLM_TRY_STATUS(take_or_keep(files, reason_of(files)));
      if (!options_.dry_run) remove_empty(data + name);
    }
    return {};
  }

  // Headers read beforehand, and files that were to be renamed over others.
  Status temporaries() {
    for (const std::string& directory : {layout_.cache(), layout_.models(), layout_.licenses(), layout_.root}) {
      SLM_TRY(names, names_in(directory));
      for (const std::string& name : names) {
        const std::string path = directory + "/" + name;
        const bool is_header = directory == layout_.cache() && name.starts_with("header-") && name.ends_with(".gguf");
        struct stat status = {};
        if ((!is_header && !is_own_temporary(name)) || lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
        const bool in_use = seconds_old(status) < kTemporaryMinutes * 60;
        SLM_TRY_STATUS(take_or_keep({path}, in_use ? GarbageReason::kBusy : GarbageReason::kTemporary));
      }
    }
    return {};
  }

  // Of a part that nobody works on, by the youngest of its files.
  GarbageReason reason_of(const std::vector<std::string>& paths) const {
    if (options_.parts) return GarbageReason::kOldPart;
    for (const std::string& path : paths) {
      struct stat status = {};
      if (lstat(path.c_str(), &status) == 0 && seconds_old(status) < kPartDays * 24.0 * 3600) return GarbageReason::kResumable;
    }
    return GarbageReason::kOldPart;
  }

  Status take_or_keep(const std::vector<std::string>& paths, GarbageReason reason) {
    for (const std::string& path : paths) {
      if (reason != GarbageReason::kBusy && reason != GarbageReason::kResumable) {
        SLM_TRY_STATUS(remove_file(path, reason));
        continue;
      }
      struct stat status = {};
      if (lstat(path.c_str(), &status) == 0) garbage_.kept.push_back({path, disk_bytes(status), reason});
    }
    return {};
  }

  // Bytes count once the last of their names goes: a blob, its readable link and its part may be one file.
  Status remove_file(const std::string& path, GarbageReason reason) {
    struct stat status = {};
    if (lstat(path.c_str(), &status) != 0) return {};  // gone by itself
    const nlink_t gone = ++names_gone_[{status.st_dev, status.st_ino}];
    const nlink_t before = status.st_nlink + (options_.dry_run ? 0 : gone - 1);
    if (!options_.dry_run && unlink(path.c_str()) != 0 && errno != ENOENT) return cannot_write(path);
    const uint64_t freed = gone == before ? disk_bytes(status) : 0;
    garbage_.removed.push_back({path, freed, reason});
    garbage_.freed_bytes += freed;
    return {};
  }

  // Regular files and links below a directory, itself not followed where it is a link.
  static Result<std::vector<std::string>> files_below(const std::string& directory) {
    std::vector<std::string> files;
    std::error_code error;
    if (fs::is_symlink(directory, error) || !fs::is_directory(directory, error)) return files;
    fs::recursive_directory_iterator at(directory, error);
    for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
      if (at->is_symlink() || !at->is_directory(error)) files.push_back(at->path().string());
    }
    if (error) return fail(ErrorKind::kFailed, "base.cannot_read", directory, error.message());
    std::sort(files.begin(), files.end());
    return files;
  }

  // Directories without files in them, from the leaves up.
  static void remove_empty(const std::string& directory) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
      if (!entry.is_symlink() && entry.is_directory(error)) remove_empty(entry.path().string());
    }
    rmdir(directory.c_str());
  }

  static uint64_t disk_bytes(const struct stat& status) { return static_cast<uint64_t>(status.st_blocks) * 512; }

  const Layout& layout_;
  const GarbageOptions& options_;
  std::map<Inode, nlink_t> names_gone_;
  Garbage garbage_;
};

}  // namespace

std::string_view name_of(GarbageReason reason) {
  switch (reason) {
    case GarbageReason::kNoRecord: return "no_record";
    case GarbageReason::kTemporary: return "temporary";
    case GarbageReason::kLeftOver: return "left_over";
    case GarbageReason::kOldPart: return "part";
    case GarbageReason::kResumable: return "resumable";
    case GarbageReason::kBusy: return "busy";
  }
  return "";
}

Result<Garbage> collect_garbage(const Layout& layout, const GarbageOptions& options, const OnProgress& progress) {
  std::error_code error;
  if (!fs::exists(layout.root, error)) return Garbage();
  SLM_TRY(lock, take_or_wait(layout, layout.blobs_lock(), layout.root, progress));
  if (!lock.exclusive()) return fail(ErrorKind::kFailed, "hub.store.no_locks", layout.root);
  SLM_TRY(named, named_digests(layout));
  Collector collector(layout, options);
  SLM_TRY_STATUS(collector.collect(named));
  return collector.take();
}

}  // namespace slm::hub
