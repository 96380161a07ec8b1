// Tokens whose texts are found literally in the input before anything else: leftmost first, longest of those that start
// at one place.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace slm {

class AddedTokens {
 public:
  AddedTokens() { roots_.fill(-1); }

  // `text` is not empty and at most limits::kMaxAddedTokenBytes long. Of equal texts the first stays.
  void add(std::string_view text, int32_t id);
  bool empty() const { return nodes_.empty(); }

  struct Match {
    size_t begin, length;
    int32_t id;  // -1: none from here on; begin is the size of the text
  };
  Match find(std::string_view text, size_t from) const;

 private:
  struct Node {
    int32_t id = -1, first_child = -1, next_sibling = -1;
    char byte = 0;
  };
  int32_t child(int32_t node, char byte) const;
  size_t next_start(std::string_view text, size_t from) const;

  std::array<int32_t, 256> roots_;  // the node of each first byte, or -1
  int first_byte_ = -1;             // the only first byte, or -1: none; -2: several
  std::vector<Node> nodes_;
};

}  // namespace slm
