// data/sources.json, as it was when the program was built.
#pragma once

#include <string_view>

namespace slm::hub {

std::string_view sources_json();

}  // namespace slm::hub
