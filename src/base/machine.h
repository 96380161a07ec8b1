// Facts about the device at hand, read once from the system; nothing is assumed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace slm {

struct MachineFacts {
  std::string cpu;                         // model name as the system gives it
  std::vector<std::string> cpu_features;   // of those we know: "avx2", "fma", "f16c", "avx512f", "avx512vnni", "neon" ...
  int logical_cpus = 1;                    // online
  int physical_cores = 1;                  // online, one per core
  int usable_cores = 1;                    // physical cores this process may use: affinity and cgroup v1/v2 quota respected
  uint64_t memory_bytes = 0;               // installed
  uint64_t available_bytes = 0;            // MemAvailable, no more than what the cgroup (v1 or v2) leaves
  std::optional<uint64_t> cgroup_limit_bytes;
};
MachineFacts machine_facts();
// The same from the files under `root`/proc and `root`/sys ("" for the system's own) and the CPUs the process may run on;
// without cpu_features, which are asked of the CPU.
MachineFacts read_machine_facts(const std::string& root, const std::vector<int>& allowed_cpus);

// Peak resident memory of this process so far (VmHWM), bytes, and now: whole, anonymous, file-backed.
struct ProcessMemory {
  uint64_t peak_bytes = 0, resident_bytes = 0, anonymous_bytes = 0, file_bytes = 0;
};
ProcessMemory process_memory();
// Of another process; zeros when it is gone.
ProcessMemory process_memory(int pid);
// Starts a new peak (writes 5 to /proc/self/clear_refs); false where the system refuses.
bool reset_peak_memory();

// Bytes free to us on the file system that holds `path` (or its nearest existing parent).
Result<uint64_t> disk_free_bytes(const std::string& path);

// Measured read bandwidth of main memory, GB/s (1e9), median of several passes over `bytes` with `threads` threads.
double measure_read_bandwidth(int threads, uint64_t bytes = 512ull << 20);

}  // namespace slm
