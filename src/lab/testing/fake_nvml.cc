// NVIDIA's management library as far as energy/nvml_library.h calls it: GPUs of 80 GB that take 100 W. By environment variables:
// FAKE_NVML_GPUS: how many, 1. FAKE_NVML_ENERGY: the counter in millijoules; unset: a GPU without one. FAKE_NVML_WATTS: in place of 100.
// FAKE_NVML_BUSY: while this file is there, each takes 100 W more. FAKE_NVML_PROCESSES: "PID:BYTES@GPU,...", at most 1000.
// FAKE_NVML_LIE: "count" (the list is longer than its room, and that is a success), "endless" (never long enough), "refuses", "silent"
// (no power either).
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

struct Process {
  unsigned pid;
  unsigned long long bytes;
  unsigned gpu_instance, compute_instance;
};
struct Memory {
  unsigned long long total, free, used;
};

const char* setting(const char* name, const char* otherwise = "") {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}
bool lies(const char* how) { return std::strcmp(setting("FAKE_NVML_LIE"), how) == 0; }
unsigned gpus() { return static_cast<unsigned>(std::strtoul(setting("FAKE_NVML_GPUS", "1"), nullptr, 10)); }
unsigned index_of(void* device) { return static_cast<unsigned>(reinterpret_cast<uintptr_t>(device) - 1); }

}  // namespace

extern "C" {
int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = gpus();
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = reinterpret_cast<void*>(static_cast<uintptr_t>(index) + 1);
  return index < gpus() ? 0 : 2;
}
int nvmlDeviceGetName(void*, char* text, unsigned bytes) {
  std::strncpy(text, "Fake 100", bytes);
  return 0;
}
int nvmlDeviceGetMemoryInfo(void*, Memory* memory) {
  *memory = {80'000'000'000, 70'000'000'000, 10'000'000'000};
  return 0;
}
int nvmlDeviceGetTotalEnergyConsumption(void*, unsigned long long* millijoules) {
  const char* value = std::getenv("FAKE_NVML_ENERGY");
  if (value == nullptr) return 3;
  *millijoules = std::strtoull(value, nullptr, 10);
  return 0;
}
int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) {
  if (lies("silent")) return 3;
  const bool busy = access(setting("FAKE_NVML_BUSY", "/nonexistent"), F_OK) == 0;
  *milliwatts = static_cast<unsigned>(1000 * std::strtoul(setting("FAKE_NVML_WATTS", "100"), nullptr, 10) + (busy ? 100'000 : 0));
  return 0;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, Process* list) {
  if (lies("refuses")) return 4;
  const unsigned room = *count;
  if (lies("count") || lies("endless")) {
    *count = lies("count") ? 4'000'000'000u : room + 1;
    return lies("count") ? 0 : 7;
  }
  unsigned n = 0;
  const char* rest = setting("FAKE_NVML_PROCESSES");
  while (*rest != '\0') {
    Process process = {};
    unsigned gpu = 0;
    int read = 0;
    if (std::sscanf(rest, "%u:%llu@%u%n", &process.pid, &process.bytes, &gpu, &read) != 3) break;
    rest += read + (rest[read] == ',');
    if (gpu != index_of(device)) continue;
    if (n < room) list[n] = process;
    ++n;
  }
  *count = n;
  return n > room ? 7 : 0;
}
}
