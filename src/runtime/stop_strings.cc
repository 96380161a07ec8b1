#include "runtime/stop_strings.h"

#include <algorithm>

#include "base/limits.h"

namespace slm {
namespace {

// The length of the longest end of `text` that begins `stop` without being all of it.
size_t overlap(std::string_view text, std::string_view stop) {
  for (size_t n = std::min(text.size(), stop.size() - 1); n > 0; --n) {
    if (text.substr(text.size() - n) == stop.substr(0, n)) return n;
  }
  return 0;
}

}  // namespace

Status validate_stop_strings(const std::vector<std::string>& stop) {
  if (stop.size() > limits::kMaxStopStrings) {
    return fail(ErrorKind::kUsage, "runtime.too_many_stops", stop.size(), limits::kMaxStopStrings);
  }
  for (const std::string& one : stop) {
    if (one.empty()) return fail(ErrorKind::kUsage, "runtime.empty_stop");
    if (one.size() > limits::kMaxStopBytes) {
      return fail(ErrorKind::kUsage, "runtime.long_stop", one.size(), limits::kMaxStopBytes);
    }
  }
  return {};
}

std::string StopFilter::push(std::string_view text) {
  if (stopped_) return {};
  held_ += text;
  size_t first = std::string::npos;
  for (const std::string& stop : stop_) first = std::min(first, held_.find(stop));
  if (first != std::string::npos) {
    stopped_ = true;
    std::string out = held_.substr(0, first);
    held_.clear();
    return out;
  }
  size_t keep = 0;
  for (const std::string& stop : stop_) keep = std::max(keep, overlap(held_, stop));
  std::string out = held_.substr(0, held_.size() - keep);
  held_.erase(0, out.size());
  return out;
}

std::string StopFilter::finish() {
  std::string out;
  std::swap(out, held_);
  return out;
}

}  // namespace slm
