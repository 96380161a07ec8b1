// data/datasets.json, as it was when the program was built.
#pragma once

#include <string_view>

namespace slm::hub {

std::string_view datasets_json();

}  // namespace slm::hub
