#include "lab/compare/machine_state.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <numeric>
#include <optional>
#include <vector>

#include "base/kernel_file.h"
#include "lab/energy/small_files.h"

namespace slm::lab {
namespace {

namespace fs = std::filesystem;

constexpr double kColdest = -40, kHottest = 150;

// Numbers of the files `name` in the folders below `folder` that begin with `prefix`.
void add_numbers(const std::string& folder, const std::string& prefix, const std::function<bool(const std::string&)>& is_wanted,
                 std::vector<double>& numbers) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    std::error_code inner;
    for (const auto& file : fs::directory_iterator(entry.path(), inner)) {
      if (!is_wanted(file.path().filename().string())) continue;
      if (const auto number = read_number(file.path().string())) numbers.push_back(static_cast<double>(*number));
    }
  }
}

std::vector<double> cpufreq_mhz(const std::string& root) {
  std::vector<double> clocks;
  const std::string folder = root + "/sys/devices/system/cpu";
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.size() < 4 || !name.starts_with("cpu") || name[3] < '0' || name[3] > '9') continue;
    if (const auto khz = read_number(entry.path().string() + "/cpufreq/scaling_cur_freq"); khz && *khz > 0) {
      clocks.push_back(static_cast<double>(*khz) / 1e3);
    }
  }
  return clocks;
}

// "cpu MHz\t\t: 2445.406", one a processor.
std::vector<double> cpuinfo_mhz(const std::string& root) {
  std::vector<double> clocks;
  const std::string text = read_kernel_file(root + "/proc/cpuinfo");
  constexpr std::string_view kKey = "cpu MHz";
  for (size_t at = 0; (at = text.find(kKey, at)) != std::string::npos; at += kKey.size()) {
    const size_t colon = text.find(':', at), end = text.find('\n', at);
    if (colon == std::string::npos || colon > end) continue;
    const double mhz = std::strtod(text.c_str() + colon + 1, nullptr);
    if (mhz > 0) clocks.push_back(mhz);
  }
  return clocks;
}

}  // namespace

Result<double> read_clock_mhz(const std::string& root, int busy) {
  SLM_CHECK(busy > 0);
  std::vector<double> clocks = cpufreq_mhz(root);
  if (clocks.empty()) clocks = cpuinfo_mhz(root);
  if (clocks.empty()) return fail(ErrorKind::kNotFound, "lab.sustained.no_clock");
  std::sort(clocks.rbegin(), clocks.rend());
  clocks.resize(std::min(clocks.size(), static_cast<size_t>(busy)));
  return std::accumulate(clocks.begin(), clocks.end(), 0.0) / static_cast<double>(clocks.size());
}

Result<double> read_celsius(const std::string& root) {
  const auto hottest = [](const std::vector<double>& thousandths) -> std::optional<double> {
    std::optional<double> most;
    for (double value : thousandths) {
      const double celsius = value / 1e3;
      if (celsius >= kColdest && celsius <= kHottest) most = std::max(most.value_or(celsius), celsius);
    }
    return most;
  };
  std::vector<double> numbers;
  add_numbers(root + "/sys/class/thermal", "thermal_zone", [](const std::string& name) { return name == "temp"; }, numbers);
  if (const auto celsius = hottest(numbers)) return *celsius;
  numbers.clear();
  const auto is_input = [](const std::string& name) { return name.starts_with("temp") && name.ends_with("_input"); };
  add_numbers(root + "/sys/class/hwmon", "hwmon", is_input, numbers);
  if (const auto celsius = hottest(numbers)) return *celsius;
  return fail(ErrorKind::kNotFound, "lab.sustained.no_temperature");
}

}  // namespace slm::lab
