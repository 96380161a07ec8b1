#include "tokenizer/added_tokens.h"

#include <cstring>

namespace slm {

int32_t AddedTokens::child(int32_t node, char byte) const {
  int32_t at = nodes_[static_cast<size_t>(node)].first_child;
  while (at >= 0 && nodes_[static_cast<size_t>(at)].byte != byte) at = nodes_[static_cast<size_t>(at)].next_sibling;
  return at;
}

void AddedTokens::add(std::string_view text, int32_t id) {
  const uint8_t first = static_cast<uint8_t>(text[0]);
  int32_t node = roots_[first];
  if (node < 0) {
    node = roots_[first] = static_cast<int32_t>(nodes_.size());
    nodes_.push_back({-1, -1, -1, text[0]});
    first_byte_ = first_byte_ == -1 ? first : -2;
  }
  for (const char byte : text.substr(1)) {
    int32_t next = child(node, byte);
    if (next < 0) {
      next = static_cast<int32_t>(nodes_.size());
      nodes_.push_back({-1, -1, nodes_[static_cast<size_t>(node)].first_child, byte});
      nodes_[static_cast<size_t>(node)].first_child = next;
    }
    node = next;
  }
  if (nodes_[static_cast<size_t>(node)].id < 0) nodes_[static_cast<size_t>(node)].id = id;
}

size_t AddedTokens::next_start(std::string_view text, size_t from) const {
  if (first_byte_ >= 0) {
    const void* found = std::memchr(text.data() + from, first_byte_, text.size() - from);
    return found == nullptr ? text.size() : static_cast<size_t>(static_cast<const char*>(found) - text.data());
  }
  while (from < text.size() && roots_[static_cast<uint8_t>(text[from])] < 0) ++from;
  return from;
}

AddedTokens::Match AddedTokens::find(std::string_view text, size_t from) const {
  if (empty()) return {text.size(), 0, -1};
  for (size_t begin = from; begin < text.size(); ++begin) {
    begin = next_start(text, begin);
    if (begin == text.size()) break;
    Match match{begin, 0, -1};
    int32_t node = roots_[static_cast<uint8_t>(text[begin])];
    for (size_t at = begin + 1; node >= 0; ++at) {
      if (nodes_[static_cast<size_t>(node)].id >= 0) {
        match.length = at - begin;
        match.id = nodes_[static_cast<size_t>(node)].id;
      }
      if (at == text.size()) break;
      node = child(node, text[at]);
    }
    if (match.id >= 0) return match;
  }
  return {text.size(), 0, -1};
}

}  // namespace slm
