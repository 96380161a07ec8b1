#include "lab/audit/devices.h"

#include "lab/audit/built_in.h"
#include "lab/audit/by_id.h"

namespace slm::lab::audit {
namespace {

constexpr DeviceClass kClasses[] = {DeviceClass::kPhone, DeviceClass::kBoard, DeviceClass::kLaptop, DeviceClass::kGpu};

Result<Figure> read_figure(const YamlNode& device, std::string_view key) {
  SLM_TRY(node, device.need_mapping(key));
  SLM_TRY_STATUS(node->refuse_unknown_keys({"value", "source"}));
  SLM_TRY(value, node->need_number("value"));
  if (value <= 0) return node->find("value")->wrong("lab.audit.impossible", node->find("value")->text);
  SLM_TRY(source, node->need_string("source"));
  return Figure{value, source};
}

Status read_optional_figure(const YamlNode& device, std::string_view key, std::optional<Figure>& figure) {
  if (device.find(key) == nullptr) return {};
  SLM_TRY(value, read_figure(device, key));
  figure = std::move(value);
  return {};
}

Result<DeviceClass> read_class(const YamlNode& node) {
  SLM_TRY(name, node.need_string("class"));
  for (const DeviceClass one : kClasses) {
    if (device_class_name(one) == name) return one;
  }
  return node.find("class")->wrong("lab.audit.no_class", name, "phone, board, laptop, gpu");
}

Result<Device> read_device(const YamlNode& node) {
  SLM_TRY_STATUS(node.refuse_unknown_keys({"id", "short", "class", "name", "memory", "bandwidth", "fp16", "fp32", "power"}));
  Device device;
  SLM_TRY(id, node.need_string("id"));
  SLM_TRY(name, node.need_string("name"));
  SLM_TRY(device_class, read_class(node));
  SLM_TRY(memory, read_figure(node, "memory"));
  SLM_TRY(bandwidth, read_figure(node, "bandwidth"));
  if (node.find("short") != nullptr) {
    SLM_TRY(short_name, node.need_string("short"));
    device.short_name = short_name;
  }
  device.id = id;
  device.name = name;
  device.device_class = device_class;
  device.memory = memory;
  device.bandwidth = bandwidth;
  SLM_TRY_STATUS(read_optional_figure(node, "fp16", device.fp16));
  SLM_TRY_STATUS(read_optional_figure(node, "fp32", device.fp32));
  SLM_TRY_STATUS(read_optional_figure(node, "power", device.power));
  return device;
}

}  // namespace

std::string_view device_class_name(DeviceClass device_class) {
  switch (device_class) {
    case DeviceClass::kPhone: return "phone";
    case DeviceClass::kBoard: return "board";
    case DeviceClass::kLaptop: return "laptop";
    case DeviceClass::kGpu: return "gpu";
  }
  return {};
}

Result<std::vector<Device>> read_devices(const YamlNode& root) {
  SLM_TRY_STATUS(root.refuse_unknown_keys({"devices"}));
  SLM_TRY(list, root.need_sequence("devices"));
  return read_device_list(*list, {});
}

Result<std::vector<Device>> read_device_list(const YamlNode& list, std::vector<Device> base) {
  for (const YamlNode& node : list.items) {
    SLM_TRY(device, read_device(node));
    SLM_TRY_STATUS(refuse_twice(base, device.id, node));
    base.push_back(std::move(device));
  }
  return base;
}

const std::vector<Device>& built_in_devices() {
  static const std::vector<Device> devices = built_in<std::vector<Device>>(devices_yaml(), "data/devices/devices.yaml", read_devices);
  return devices;
}

}  // namespace slm::lab::audit
