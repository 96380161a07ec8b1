// Devices by name and what their makers say of them: data/devices/devices.yaml, embedded in the program. docs/formats/devices.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"

namespace slm::lab::audit {

struct Figure {
  double value = 0;
  std::string source;  // where it stands, or what it is computed from
};

enum class DeviceClass : uint8_t { kPhone, kBoard, kLaptop, kGpu };
std::string_view device_class_name(DeviceClass device_class);  // "phone", "board", "laptop", "gpu"

// A model that needs at most this share of a memory is taken to fit: the rest is the system's and other programs'.
inline constexpr double kFitShare = 0.5;

struct Device {
  std::string id, name;
  std::string short_name;             // "pi5"; may be empty
  DeviceClass device_class = DeviceClass::kPhone;
  Figure memory;                      // bytes
  Figure bandwidth;                   // bytes per second, peak
  std::optional<Figure> fp16, fp32;   // operations per second, peak, dense; a multiply-add is two
  std::optional<Figure> power;        // watts it may draw
};

// The devices of the program itself.
const std::vector<Device>& built_in_devices();
// Errors: kCorrupt with the place: keys missing or unknown, an id twice, a figure that is not positive or has no source.
Result<std::vector<Device>> read_devices(const YamlNode& root);
// The same for a list alone: what it adds to `base`.
Result<std::vector<Device>> read_device_list(const YamlNode& list, std::vector<Device> base);
}  // namespace slm::lab::audit
