// Time in a download.
#pragma once

#include <chrono>

namespace slm::hub {

inline constexpr double kForever = 1e6;  // seconds; what has an end is the patience

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace slm::hub
