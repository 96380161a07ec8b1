// Stop strings over a stream of text that comes in pieces of any size.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm {

// Errors: kUsage: too many, too long, empty.
Status validate_stop_strings(const std::vector<std::string>& stop);

// Lets text through once it can no longer be the beginning of a stop string.
class StopFilter {
 public:
  explicit StopFilter(const std::vector<std::string>& stop) : stop_(stop) {}

  // The text that may be shown now. After a stop string has been met, stopped() holds and nothing more comes out; the text
  // before the earliest one came out, the stop string and what follows it never does.
  std::string push(std::string_view text);
  // What was held back, when no more text comes.
  std::string finish();
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stop_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace slm
