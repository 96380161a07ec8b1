// Where things lie in the store, and how names become file names.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slm::hub {

// A model's name: 1 to 128 of [A-Za-z0-9._:/-], no empty or dots-only piece between slashes or colons. kUsage otherwise.
Status check_name(std::string_view name);

// Lower case; every byte outside [a-z0-9_-] and '.' within becomes %XX: no separator is left, and two names never meet.
std::string file_name_of(std::string_view name);

bool is_sha256(std::string_view text);  // 64 lower-case hex digits

struct Layout {
  std::string root;

  std::string blobs() const { return root + "/blobs"; }
  std::string blob(const std::string& sha256) const { return blobs() + "/sha256-" + sha256; }
  std::string models() const { return root + "/models"; }
  std::string record(std::string_view name) const { return models() + "/" + file_name_of(name) + ".json"; }
  std::string link(std::string_view name) const { return models() + "/" + file_name_of(name) + ".gguf"; }
  std::string parts(std::string_view name) const { return root + "/.parts/" + file_name_of(name); }
  // Of one download: `key` is the file's SHA-256, or that of its address where the digest is not known beforehand.
  std::string partial(const std::string& key) const { return blobs() + "/.part/" + key + ".part"; }
  std::string journal(const std::string& key) const { return blobs() + "/.part/" + key + ".json"; }
  std::string locks() const { return root + "/.locks"; }
  std::string lock(std::string_view name) const { return locks() + "/" + file_name_of(name); }
  std::string blobs_lock() const { return locks() + "/.blobs"; }  // no name's: those have no leading dot
  std::string cache() const { return root + "/cache"; }
  std::string licenses() const { return root + "/licenses"; }
  std::string answers() const { return root + "/cache/answers.db"; }  // of models to tasks, kept from run to run
  std::string runs() const { return root + "/runs.sqlite"; }  // comparisons that were made
};

// Held by one process at a time, or by several that share it; given back with the object or the process.
class FileLock {
 public:
  FileLock() = default;
  FileLock(FileLock&& other) noexcept : descriptor_(other.descriptor_), exclusive_(other.exclusive_) { other.descriptor_ = -1; }
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(exclusive_, other.exclusive_);
    return *this;
  }
  ~FileLock();

  // Makes the file when missing. `wait` false: not held() where another has it; true: returns when it is ours.
  // Errors: kFailed (cannot be made; interrupted by a signal while waiting).
  static Result<FileLock> take(const std::string& path, bool wait);
  // Shared with others that share it; waits for who takes it alone. Errors as above.
  static Result<FileLock> share(const std::string& path);
  bool held() const { return descriptor_ >= 0; }
  // False on a file system that has no locks: held, but another process may hold it as well.
  bool exclusive() const { return exclusive_; }

 private:
  static Result<FileLock> lock(const std::string& path, int operation);

  int descriptor_ = -1;
  bool exclusive_ = true;
};

// Blobs are published before the record that names them. Who makes or finds a blob and then writes its record shares this lock from the one
// to the other, and who removes blobs that no record names takes it alone: so none goes between its publishing and its record. Taken after
// the locks of names and downloads. Never held while anything is fetched.
Result<FileLock> share_blobs(const Layout& layout);

}  // namespace slm::hub
