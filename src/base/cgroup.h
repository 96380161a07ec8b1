// What the control groups (v1 and v2) this process is in leave to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slm {

struct CgroupLimits {
  std::optional<double> cpus;                 // the tightest quota, in CPUs: 1.5 is 150 ms in each 100 ms
  std::optional<uint64_t> memory_bytes;       // the tightest limit
  std::optional<uint64_t> memory_left_bytes;  // the least, over the levels with a limit, of limit - usage + file cache
};

// Reads `root`/proc/self/cgroup and mountinfo and, for each controller, every level from the process's own group up to the
// mount point; `root` is "" for the system's own. What cannot be read sets no limit.
CgroupLimits read_cgroup_limits(const std::string& root);

// Directories of the groups this process is in, its own first, then each above up to the mount point. `controller` "memory": the v1
// hierarchy of that controller; "": the v2 hierarchy. Empty where it is not mounted.
std::vector<std::string> cgroup_directories(const std::string& root, std::string_view controller);

}  // namespace slm
