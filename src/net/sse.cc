#include "net/sse.h"

#include "base/limits.h"

namespace slm::net {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

Status too_long() { return fail(ErrorKind::kNetwork, "net.event_too_long", limits::kSseMaxEventBytes); }

}  // namespace

Status SseReader::read(std::string_view bytes, const std::function<bool(const ServerEvent&)>& on_event) {
  while (!bytes.empty() && !ended_) {
    if (after_return_ && bytes.front() == '\n') bytes.remove_prefix(1);
    after_return_ = false;
    const size_t end = bytes.find_first_of("\r\n");
    const std::string_view piece = bytes.substr(0, end);
    if (piece.size() > limits::kSseMaxEventBytes - line_.size()) return too_long();
    line_ += piece;
    if (end == std::string_view::npos) return {};
    after_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    if (first_line_ && line_.starts_with(kByteOrderMark)) line_.erase(0, kByteOrderMark.size());
    first_line_ = false;
    if (line_.empty()) {
      ended_ = !end_line(on_event);
    } else {
      SLM_TRY_STATUS(take_line());
    }
    line_.clear();
  }
  return {};
}

// An empty line: the event is complete. One without data is none.
bool SseReader::end_line(const std::function<bool(const ServerEvent&)>& on_event) {
  bool go_on = true;
  if (has_data_) {
    if (event_.name.empty()) event_.name = "message";
    go_on = on_event(event_);
  }
  event_ = {};
  has_data_ = false;
  return go_on;
}

Status SseReader::take_line() {
  const size_t colon = line_.find(':');
  const std::string_view field = std::string_view(line_).substr(0, colon);
  std::string_view value = colon == std::string::npos ? std::string_view() : std::string_view(line_).substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    event_.name = value;
  } else if (field == "data") {
    if (value.size() + 1 > limits::kSseMaxEventBytes - event_.data.size()) return too_long();
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  }
  return {};  // other fields and comments (no field) say nothing here
}

}  // namespace slm::net
