#include "base/machine.h"

#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

#include "base/cgroup.h"
#include "base/cpu_features.h"
#include "base/kernel_file.h"
#include "base/limits.h"

namespace slm {
namespace {

constexpr int kMostCpus = 65'536;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && (std::isspace(static_cast<unsigned char>(text.back())) || text.back() == '\0')) text.remove_suffix(1);
  return text;
}

// The value of the first line "name : value", or "".
std::string field(const std::string& text, std::string_view name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos || trimmed(std::string_view(line).substr(0, colon)) != name) continue;
    return std::string(trimmed(std::string_view(line).substr(colon + 1)));
  }
  return {};
}

// "1024 kB" -> bytes; 0 where the line is missing.
uint64_t kilobytes(const std::string& text, std::string_view name) {
  const std::string value = field(text, name);
  uint64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number * 1024;
}

// "0-3,8,10-11" -> numbers. What is malformed is left out.
std::vector<int> cpu_list(std::string_view text) {
  std::vector<int> cpus;
  text = trimmed(text);
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    int first = 0, last = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), first);
    if (error != std::errc()) continue;
    last = first;
    if (end != item.data() + item.size()) {
      if (*end != '-' || std::from_chars(end + 1, item.data() + item.size(), last).ec != std::errc()) continue;
    }
    if (first < 0 || last >= kMostCpus) continue;
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

std::string cpu_name(const std::string& root, const std::string& cpuinfo) {
  for (const char* name : {"model name", "Model Name", "cpu model", "Hardware"}) {
    if (std::string value = field(cpuinfo, name); !value.empty()) return value;
  }
  // Arm boards name themselves in the device tree; their cpuinfo only has numbers.
  const std::string board(trimmed(read_kernel_file(root + "/proc/device-tree/model")));
  const std::string implementer = field(cpuinfo, "CPU implementer"), part = field(cpuinfo, "CPU part");
  const std::string numbers = part.empty() ? "" : "CPU " + implementer + "/" + part;
  if (board.empty()) return numbers.empty() ? "unknown" : numbers;
  return numbers.empty() ? board : board + " (" + numbers + ")";
}

std::vector<int> online_cpus(const std::string& root, const std::string& cpuinfo) {
  std::vector<int> cpus = cpu_list(read_kernel_file(root + "/sys/devices/system/cpu/online"));
  if (!cpus.empty()) return cpus;
  std::istringstream lines(cpuinfo);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("processor") && line.find(':') != std::string::npos) cpus.push_back(static_cast<int>(cpus.size()));
  }
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

// What tells one physical core from another: the list of its logical CPUs.
std::string core_of(const std::string& root, int cpu) {
  const std::string topology = root + "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
  for (const char* name : {"core_cpus_list", "thread_siblings_list"}) {
    const std::string list(trimmed(read_kernel_file(topology + name)));
    if (!list.empty()) return list;
  }
  return std::to_string(cpu);
}

std::vector<int> affinity() {
  std::vector<int> cpus;
  // The kernel's mask may be wider than cpu_set_t: the call then fails with EINVAL, and a wider one is tried.
  for (int width = 1024; width <= kMostCpus; width *= 2) {
    cpu_set_t* set = CPU_ALLOC(static_cast<size_t>(width));
    if (set == nullptr) break;
    const size_t bytes = CPU_ALLOC_SIZE(static_cast<size_t>(width));
    CPU_ZERO_S(bytes, set);
    const bool got = sched_getaffinity(0, bytes, set) == 0;
    const bool too_narrow = !got && errno == EINVAL;
    for (int cpu = 0; got && cpu < width; ++cpu) {
      if (CPU_ISSET_S(static_cast<size_t>(cpu), bytes, set)) cpus.push_back(cpu);
    }
    CPU_FREE(set);
    if (!too_narrow) break;
  }
  return cpus;
}

}  // namespace

MachineFacts read_machine_facts(const std::string& root, const std::vector<int>& allowed_cpus) {
  MachineFacts facts;
  const std::string cpuinfo = read_kernel_file(root + "/proc/cpuinfo");
  facts.cpu = cpu_name(root, cpuinfo);
  const std::vector<int> online = online_cpus(root, cpuinfo);
  facts.logical_cpus = static_cast<int>(online.size());
  std::set<std::string> cores, usable;
  for (const int cpu : online) {
    const std::string core = core_of(root, cpu);
    cores.insert(core);
    if (std::find(allowed_cpus.begin(), allowed_cpus.end(), cpu) != allowed_cpus.end()) usable.insert(core);
  }
  facts.physical_cores = static_cast<int>(cores.size());
  facts.usable_cores = usable.empty() ? facts.physical_cores : static_cast<int>(usable.size());

  const CgroupLimits limits = read_cgroup_limits(root);
  // Rounded down: a team with one thread more than its quota is stopped in every period, all of it at its barriers.
  if (limits.cpus) facts.usable_cores = std::clamp(static_cast<int>(std::min(*limits.cpus, 65'536.0)), 1, facts.usable_cores);
  facts.usable_cores = std::min(facts.usable_cores, limits::kMaxThreads);

  const std::string meminfo = read_kernel_file(root + "/proc/meminfo");
  facts.memory_bytes = kilobytes(meminfo, "MemTotal");
  facts.available_bytes = kilobytes(meminfo, "MemAvailable");
  if (facts.available_bytes == 0) {  // kernels before 3.14
    facts.available_bytes = kilobytes(meminfo, "MemFree") + kilobytes(meminfo, "Buffers") + kilobytes(meminfo, "Cached");
  }
  facts.cgroup_limit_bytes = limits.memory_bytes;
  if (limits.memory_left_bytes) facts.available_bytes = std::min(facts.available_bytes, *limits.memory_left_bytes);
  return facts;
}

MachineFacts machine_facts() {
  MachineFacts facts = read_machine_facts("", affinity());
  facts.cpu_features = read_cpu_features();
  return facts;
}

ProcessMemory process_memory() { return process_memory(getpid()); }

ProcessMemory process_memory(int pid) {
  const std::string status = read_kernel_file("/proc/" + std::to_string(pid) + "/status");
  ProcessMemory memory;
  memory.peak_bytes = kilobytes(status, "VmHWM");
  memory.resident_bytes = kilobytes(status, "VmRSS");
  memory.anonymous_bytes = kilobytes(status, "RssAnon");
  memory.file_bytes = kilobytes(status, "RssFile") + kilobytes(status, "RssShmem");
  return memory;
}

bool reset_peak_memory() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

Result<uint64_t> disk_free_bytes(const std::string& path) {
  std::error_code error;
  std::filesystem::path at = std::filesystem::absolute(path, error);
  while (!error && !std::filesystem::exists(at, error) && at.has_relative_path()) {
    error.clear();
    at = at.parent_path();
  }
  struct statvfs status = {};
  if (statvfs(at.c_str(), &status) != 0) {
    return fail(ErrorKind::kFailed, "base.no_free_space", path, std::strerror(errno));
  }
  return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace slm
