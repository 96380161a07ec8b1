// A model's header before the model: what memory it will take and how fast it can be is known for a few MB.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "hub/layout.h"
#include "hub/sources/source.h"

namespace slm::hub {

inline constexpr uint64_t kHeaderFirstBytes = 1u << 20;   // asked for at once; four times as much where the header goes on
inline constexpr uint64_t kHeaderMostBytes = 64u << 20;   // a longer header is not read beforehand

// A file as long as the model, with its header in front and nothing (a hole) behind: to be opened like the model itself, but for the weights.
// Removed with the object.
class RemoteHeader {
 public:
  explicit RemoteHeader(std::string path) : path_(std::move(path)) {}
  RemoteHeader(RemoteHeader&& other) noexcept : path_(std::move(other.path_)), received_(other.received_) { other.path_.clear(); }
  RemoteHeader& operator=(RemoteHeader&&) = delete;
  ~RemoteHeader();

  const std::string& path() const { return path_; }
  uint64_t received() const { return received_; }  // bytes over the network
  void set_received(uint64_t bytes) { received_ = bytes; }

 private:
  std::string path_;
  uint64_t received_ = 0;
};

// By range reads; a server that knows no ranges is cut off in time. Errors: kNetwork; kCorrupt: not a GGUF, damaged; kUsage "hub.no_header": the source does not
// say how long the file is, or the header is longer than kHeaderMostBytes; kFailed: no place for the file, interrupted.
Result<RemoteHeader> fetch_header(const RemoteModel& remote, const Layout& layout, const Asking& asking);

}  // namespace slm::hub
