#include "chat/marked_text.h"

#include <algorithm>

namespace slm::chat {

std::string joined(const std::vector<PromptPiece>& pieces) {
  std::string text;
  for (const PromptPiece& piece : pieces) text += piece.text;
  return text;
}

bool MarkedText::from_input_at(size_t offset) const {
  const auto passed = std::upper_bound(toggles_.begin(), toggles_.end(), offset) - toggles_.begin();
  return starts_from_input_ != (passed % 2 == 1);
}

void MarkedText::append(std::string_view bytes, bool from_input) {
  if (bytes.empty()) return;
  if (bytes_.empty()) {
    starts_from_input_ = from_input;
    toggles_.clear();
  } else if (last_from_input() != from_input) {
    toggles_.push_back(bytes_.size());
  }
  bytes_ += bytes;
}

void MarkedText::append(const MarkedText& other) {
  if (other.empty()) return;
  if (bytes_.empty()) {
    *this = other;
    return;
  }
  const size_t offset = bytes_.size();
  if (last_from_input() != other.starts_from_input_) toggles_.push_back(offset);
  for (size_t toggle : other.toggles_) toggles_.push_back(offset + toggle);
  bytes_ += other.bytes_;
}

MarkedText MarkedText::slice(size_t begin, size_t end) const {
  end = std::min(end, bytes_.size());
  if (begin >= end) return {};
  MarkedText out(bytes_.substr(begin, end - begin), from_input_at(begin));
  for (auto toggle = std::upper_bound(toggles_.begin(), toggles_.end(), begin); toggle != toggles_.end() && *toggle < end;
       ++toggle) {
    out.toggles_.push_back(*toggle - begin);
  }
  return out;
}

std::vector<PromptPiece> MarkedText::pieces() const {
  std::vector<PromptPiece> out;
  size_t begin = 0;
  for (size_t i = 0; begin < bytes_.size(); ++i) {
    const size_t end = i < toggles_.size() ? toggles_[i] : bytes_.size();
    out.push_back({bytes_.substr(begin, end - begin), starts_from_input_ != (i % 2 == 1)});
    begin = end;
  }
  return out;
}

}  // namespace slm::chat
