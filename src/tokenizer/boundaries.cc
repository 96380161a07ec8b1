#include "tokenizer/boundaries.h"

namespace slm {

void Boundaries::add_piece(std::string_view bytes) {
  const char* const end = bytes.data() + bytes.size();
  size_t before = 0;  // start of the character before the place; of continuation bytes at the start of the piece, 0
  for (size_t place = 1; place < bytes.size(); ++place) {
    if (unicode::is_continuation(bytes[place])) continue;
    if ((static_cast<uint8_t>(bytes[place - 1]) | static_cast<uint8_t>(bytes[place])) < 0x80) {
      before = place;
      continue;
    }
    const unicode::Decoded left = unicode::decode(bytes.data() + before, bytes.data() + place);
    const unicode::Decoded right = unicode::decode(bytes.data() + place, end);
    const bool left_whole = left.valid() && left.length == place - before;
    const bool left_cut = unicode::is_continuation(bytes[before]);
    const bool right_cut = !right.valid();  // or not UTF-8 at all: then the place is never asked about
    const uint8_t last = static_cast<uint8_t>(bytes[place - 1]), lead = static_cast<uint8_t>(bytes[place]);
    if (left_whole || left_cut) {
      set(left_whole ? left.code : kLastByte | last, right_cut ? kLeadByte | lead : right.code);
      if (!left_whole || right_cut) cut_[last << 8 | lead] = true;
    }
    before = place;
  }
}

}  // namespace slm
