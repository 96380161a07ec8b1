// One file over HTTP into the store's partial files: resumable, hashed as it comes, compared, and whole when it is returned.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "hub/following.h"
#include "hub/layout.h"
#include "hub/sources/source.h"
#include "hub/store.h"

namespace slm::hub {

struct DownloadRequest {
  Address address;
  MoreAddresses more = {};             // asked once the address fails or is too slow; used only where sha256 is known
  std::string name = {};               // for people, and for `slm rm`
  std::string commit = {};             // of the source; "" where it has none
  std::optional<uint64_t> bytes = {};  // where the source says so
  std::string sha256 = {};             // 64 hex digits; "" where nobody knows it beforehand
  std::string_view magic = "GGUF";     // how the file begins; "" with a digest only: in whatever way
  bool insecure = false;               // plain http to anywhere
  std::string part_suffix = {};        // of the partial file's name; where no lock keeps others from it
  int connections = 4;                 // where the server gives ranges and much is missing
  const std::atomic<bool>* cancelled = nullptr;
};

struct Patience {
  // Seconds of trying again; longer where the server says when to come back. Progress is bytes beyond all that ever came: as many as the
  // slowest rate brings in stall_seconds, or the file's end.
  double without_progress = 60;
  double stall_bytes_per_second = 1024, stall_seconds = 30;  // slower is broken off and tried again
  double first_pause = 0.5, longest_pause = 15;  // between tries, with jitter
  double longest_told_wait = 300;      // of a Retry-After; a longer one is an error
  double most_told_waits = 900;        // seconds spent waiting as told, without progress in between
  // Slower is left for another source, where there is one. After all were too slow, the fastest.
  double slow_bytes_per_second = 200e3, slow_seconds = 30;
  // Where there is another source: to be connected, and to bring a byte after something went wrong.
  double dead_seconds = 5;

  // SLM_PULL_PATIENCE seconds without progress, half of them for a stall or a slow source; else as above.
  static Patience from_environment();
};

struct Downloaded {
  std::string path;                    // the partial file: whole, compared and on disk; to be renamed by publish_blob
  std::string sha256;
  uint64_t bytes = 0;
  uint64_t received = 0;               // over the network by this call
};

// Fetches what is missing: by several connections where the server gives ranges, else by one. From an address that fails, is too slow or
// sends something else it goes to the next, and on from the same byte; `progress` is told, as "note". A part left by an earlier call is hashed again and continued where it is of the same file: the same SHA-256
// known beforehand, else the same size, ETag (a strong one), commit and boot of this machine; anything else is begun anew, but the part
// is given up only once the first bytes of such a file have come in its place. The caller holds a lock named by download_key.
// Errors: kNetwork (with the last cause; the part is kept), kCorrupt (another size or digest than expected: the part is thrown away; a
// page or another file in its place: kept), kDoesNotFit (disk: how much to free; the part is kept), kFailed "hub.interrupted" (kept), kNotFound (no such file there).
Result<Downloaded> download(const DownloadRequest& request, const Layout& layout, const OnProgress& progress, const Patience& patience = {});

// The name of the partial file: the digest, else one made from the address.
std::string download_key(const DownloadRequest& request);

// Throws away part and journal, and what a killed pull left of writing the journal.
void discard_partial(const Layout& layout, const std::string& key);

// How long the file is, without fetching it; nothing where the server does not say.
Result<std::optional<uint64_t>> ask_size(const DownloadRequest& request);

// What must be free on disk for `rest` bytes that are still to come: them, a twentieth, and 64 MiB; at most UINT64_MAX.
uint64_t disk_needed_for(uint64_t rest);

}  // namespace slm::hub
