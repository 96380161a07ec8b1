#include "base/cgroup.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>
#include <vector>

#include "base/kernel_file.h"

namespace slm {
namespace {

constexpr uint64_t kNoLimitBytes = 1ull << 60;       // v1 writes "no limit" as a number near 2^63
constexpr int kMostLevels = 64;                      // of groups above one another

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || (end != text.data() + text.size() && *end != '\n' && *end != ' ')) return std::nullopt;
  return value;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

bool has_item(const std::string& list, std::string_view item) {
  const auto items = split(list, ',');
  return std::find(items.begin(), items.end(), item) != items.end();
}

struct Mount {
  std::string point;  // where the hierarchy is seen
  std::string top;    // the group of the hierarchy that is seen there
};

// "36 35 98:0 /top /point rw,... shared:1 - cgroup cgroup rw,memory". `controller` empty: the v2 hierarchy.
std::optional<Mount> find_mount(const std::string& root, std::string_view controller) {
  std::istringstream lines(read_kernel_file(root + "/proc/self/mountinfo"));
  for (std::string line; std::getline(lines, line);) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const auto left = split(line.substr(0, dash), ' ');
    const auto right = split(line.substr(dash + 3), ' ');
    if (left.size() < 5 || right.size() < 3) continue;
    const bool matches = controller.empty() ? right[0] == "cgroup2" : right[0] == "cgroup" && has_item(right[2], controller);
    if (matches) return Mount{left[4], left[3]};
  }
  return std::nullopt;
}

// "4:memory:/path", or "0::/path" for v2.
std::optional<std::string> find_group(const std::string& root, std::string_view controller) {
  std::istringstream lines(read_kernel_file(root + "/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : has_item(controllers, controller)) return line.substr(second + 1);
  }
  return std::nullopt;
}

template <class Number>
void tighten(std::optional<Number>& limit, Number value) {
  limit = limit ? std::min(*limit, value) : value;
}

void add_cpu(CgroupLimits& limits, std::optional<double> quota, std::optional<double> period) {
  if (quota && period && *quota > 0 && *period > 0) tighten(limits.cpus, *quota / *period);
}

// Bytes of `name` in a memory.stat file.
uint64_t stat_bytes(const std::string& text, std::string_view name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ' ') {
      return number<uint64_t>(std::string_view(line).substr(name.size() + 1)).value_or(0);
    }
  }
  return 0;
}

void add_memory(CgroupLimits& limits, const std::string& directory, const char* limit_name, const char* usage_name,
                const std::string& prefix) {
  const auto limit = number<uint64_t>(read_kernel_file(directory + "/" + limit_name));
  if (!limit || *limit >= kNoLimitBytes) return;
  tighten(limits.memory_bytes, *limit);
  const uint64_t usage = number<uint64_t>(read_kernel_file(directory + "/" + usage_name)).value_or(0);
  // Cached file pages count as used but are given up when needed; the weights are such pages.
  const std::string stat = read_kernel_file(directory + "/memory.stat");
  const uint64_t cache = stat_bytes(stat, prefix + "inactive_file") + stat_bytes(stat, prefix + "active_file");
  const uint64_t held = usage > cache ? usage - cache : 0;
  tighten(limits.memory_left_bytes, *limit > held ? *limit - held : uint64_t{0});
}

}  // namespace

std::vector<std::string> cgroup_directories(const std::string& root, std::string_view controller) {
  const auto mount = find_mount(root, controller);
  const auto group = find_group(root, controller);
  if (!mount || !group) return {};
  // In a container without a cgroup namespace the group is named from the host's top, and so is what is mounted.
  std::string inside = *group;
  if (mount->top != "/" && inside.starts_with(mount->top)) inside = inside.substr(mount->top.size());
  if (inside.find("/..") != std::string::npos) inside.clear();  // outside of what we can see
  while (inside.ends_with('/')) inside.pop_back();
  std::vector<std::string> directories;
  for (int i = 0; i < kMostLevels; ++i) {
    directories.push_back(root + mount->point + inside);
    if (inside.empty()) break;
    const size_t slash = inside.rfind('/');
    inside = slash == std::string::npos ? "" : inside.substr(0, slash);
  }
  return directories;
}

CgroupLimits read_cgroup_limits(const std::string& root) {
  CgroupLimits limits;
  for (const std::string& directory : cgroup_directories(root, "")) {
    const auto max = split(read_kernel_file(directory + "/cpu.max"), ' ');  // "150000 100000", "max 100000"
    if (max.size() == 2) add_cpu(limits, number<double>(max[0]), number<double>(max[1]));
    add_memory(limits, directory, "memory.max", "memory.current", "");
  }
  for (const std::string& directory : cgroup_directories(root, "cpu")) {
    add_cpu(limits, number<double>(read_kernel_file(directory + "/cpu.cfs_quota_us")), number<double>(read_kernel_file(directory + "/cpu.cfs_period_us")));
  }
  for (const std::string& directory : cgroup_directories(root, "memory")) {
    add_memory(limits, directory, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_");
  }
  return limits;
}

}  // namespace slm
