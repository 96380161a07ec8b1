// Text that remembers where it came from: byte by byte, whether it was written by the template or came in with a message.
// Every string inside the interpreter is one, so that marks survive concatenation, slicing and filters.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "chat/template.h"

namespace slm::chat {

class MarkedText {
 public:
  MarkedText() = default;
  MarkedText(std::string bytes, bool from_input) : bytes_(std::move(bytes)), starts_from_input_(from_input) {}

  const std::string& bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  bool any_from_input() const { return !bytes_.empty() && (starts_from_input_ || !toggles_.empty()); }
  bool from_input_at(size_t offset) const;

  void append(const MarkedText& other);
  void append(std::string_view bytes, bool from_input);

  // Bytes [begin, end), both on character boundaries.
  MarkedText slice(size_t begin, size_t end) const;

  // Stretches of equal origin, in order; empty for an empty text.
  std::vector<PromptPiece> pieces() const;

 private:
  bool last_from_input() const { return starts_from_input_ != (toggles_.size() % 2 == 1); }

  std::string bytes_;
  bool starts_from_input_ = false;
  std::vector<size_t> toggles_;  // offsets in (0, size) at which the origin changes, ascending
};

}  // namespace slm::chat
