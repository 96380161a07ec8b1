// NVIDIA's management library as far as energy/nvml.cc calls it: one GPU that takes 100 W. The environment variable FAKE_NVML_ENERGY holds its counter in
// millijoules; where it is unset the GPU has no counter.
#include <cstdlib>
#include <cstring>

extern "C" {
int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  static int only;
  *device = &only;
  return index == 0 ? 0 : 2;
}
int nvmlDeviceGetName(void*, char* text, unsigned bytes) {
  std::strncpy(text, "Fake 100", bytes);
  return 0;
}
int nvmlDeviceGetTotalEnergyConsumption(void*, unsigned long long* millijoules) {
  const char* value = std::getenv("FAKE_NVML_ENERGY");
  if (value == nullptr) return 3;
  *millijoules = std::strtoull(value, nullptr, 10);
  return 0;
}
int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) {
  *milliwatts = 100'000;
  return 0;
}
}
