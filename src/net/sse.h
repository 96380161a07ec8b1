// Server-sent events (WHATWG HTML, 9.2.6), read as their bytes come.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slm::net {

struct ServerEvent {
  std::string name;   // of its "event:" line; "message" where there is none
  std::string data;   // its "data:" lines, '\n' between them
};

class SseReader {
 public:
  // Takes the next bytes, wherever they are cut, and hands over each event that is complete; false from `on_event` ends the reading: what
  // follows is dropped. Errors: kNetwork: a line or the data of an event longer than limits::kSseMaxEventBytes.
  Status read(std::string_view bytes, const std::function<bool(const ServerEvent& event)>& on_event);

 private:
  bool end_line(const std::function<bool(const ServerEvent&)>& on_event);
  Status take_line();

  std::string line_;
  ServerEvent event_;
  bool has_data_ = false;
  bool after_return_ = false;  // the last byte was '\r': a '\n' that follows belongs to it
  bool first_line_ = true;
  bool ended_ = false;
};

}  // namespace slm::net
