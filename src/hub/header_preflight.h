// A model's header before the model: what memory it will take and how fast it can be is known for a few MB.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "hub/layout.h"
#include "hub/sources/source.h"

namespace slm::hub {

inline constexpr uint64_t kHeaderFirstBytes = 2u << 20;   // asked for at once; four times as much where the header goes on
inline constexpr uint64_t kHeaderMostBytes = 64u << 20;   // a longer header is not read beforehand
inline constexpr uint64_t kPartFirstBytes = 128u << 10;   // of the parts behind a split model's first, which hold the vocabulary no more
inline constexpr size_t kMostHeaderParts = 64;            // of a split model whose headers are read beforehand

// A file as long as the model, with its header in front and nothing (a hole) behind: to be opened like the model itself, but for the weights.
// It has no name on the disk, so that nothing is left of it however the process ends.
class RemoteHeader {
 public:
  // In `directory`. Errors: kFailed, kDoesNotFit.
  static Result<RemoteHeader> create(const std::string& directory, const std::string& source, uint64_t bytes);
  RemoteHeader(RemoteHeader&& other) noexcept;
  RemoteHeader& operator=(RemoteHeader&&) = delete;
  ~RemoteHeader();

  const std::string& path() const { return path_; }  // of this process: /proc/self/fd/N
  // The error of who opened path(), with the source's name in place of it.
  Error explained(Error error) const;
  Status write_at(uint64_t offset, std::string_view bytes) const;

 private:
  RemoteHeader() = default;
  std::string path_, name_, source_;  // name_: that it had for a moment
  int descriptor_ = -1;
};

// By range reads; a server that knows no ranges is cut off in time. Of a split model the header of the one file that its parts will be, from the headers
// of all of them, which must belong together. Errors: kNetwork; kCorrupt: not a GGUF, damaged, parts of different models; kUsage "hub.no_header": the
// source does not say how long a file is, a header is longer than kHeaderMostBytes, or more than kMostHeaderParts; kFailed: no place for the file, interrupted.
Result<RemoteHeader> fetch_header(const RemoteModel& remote, const Layout& layout, const Asking& asking);

}  // namespace slm::hub
