#include "lab/endpoint/served_process.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "base/kernel_file.h"
#include "base/text.h"
#include "net/http_client.h"

namespace slm::lab {
namespace {

// Fields of /proc/PID/stat after the name, which may hold spaces and brackets: the first is the state.
std::vector<std::string> stat_fields(const std::string& proc, int pid) {
  const std::string text = read_kernel_file(fmt::format("{}/{}/stat", proc, pid));
  const size_t end = text.rfind(')');
  std::vector<std::string> fields;
  if (end == std::string::npos) return fields;
  std::istringstream rest(text.substr(end + 1));
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

std::vector<int> all_pids(const std::string& proc) {
  std::vector<int> pids;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(proc, error)) {
    const std::string name = entry.path().filename();
    int pid = 0;
    const auto [end, status] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (status == std::errc() && end == name.data() + name.size()) pids.push_back(pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

// Inodes of the sockets that listen on a port, of both tables: "sl local_address rem_address st ... inode" with "00000000:1F90", state 0A.
std::set<std::string> listening_inodes(const std::string& proc, int port) {
  std::set<std::string> inodes;
  const std::string wanted = fmt::format(":{:04X}", port);
  for (const char* table : {"/net/tcp", "/net/tcp6"}) {
    std::istringstream lines(read_kernel_file(proc + table));
    std::string line;
    while (std::getline(lines, line)) {
      std::istringstream words(line);
      std::vector<std::string> fields;
      for (std::string word; words >> word;) fields.push_back(word);
      if (fields.size() > 9 && fields[1].ends_with(wanted) && fields[3] == "0A") inodes.insert("socket:[" + fields[9] + "]");
    }
  }
  return inodes;
}

// Whether one of its open files is `wanted`.
bool has_open(const std::string& proc, int pid, const std::function<bool(const std::string& target)>& wanted) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("{}/{}/fd", proc, pid), error)) {
    std::error_code unreadable;
    if (wanted(std::filesystem::read_symlink(entry.path(), unreadable).string())) return true;
  }
  return false;
}

bool holds_any(const std::string& proc, int pid, const std::set<std::string>& inodes) {
  return has_open(proc, pid, [&](const std::string& target) { return inodes.contains(target); });
}

// Whether it runs: one that has ended keeps its number until its parent has asked for its end, and has no memory.
bool is_running(const std::string& proc, int pid) {
  const std::vector<std::string> fields = stat_fields(proc, pid);
  return !fields.empty() && fields[0] != "Z" && fields[0] != "X";
}

ServedProcess with_descendants(const std::string& proc, int pid) {
  std::multimap<int, int> children;
  for (const int other : all_pids(proc)) {
    const std::vector<std::string> fields = stat_fields(proc, other);
    int parent = 0;
    if (fields.size() > 1) std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), parent);
    children.emplace(parent, other);
  }
  ServedProcess process{pid, {pid}};
  for (size_t i = 0; i < process.all.size(); ++i) {
    const auto [first, last] = children.equal_range(process.all[i]);
    for (auto child = first; child != last; ++child) {
      if (std::find(process.all.begin(), process.all.end(), child->second) == process.all.end()) process.all.push_back(child->second);
    }
  }
  return process;
}

}  // namespace

Result<ServedProcess> find_served_process(const EndpointAddress& address, const std::string& root) {
  const std::string proc = root + "/proc";
  if (address.pid) {
    const bool is_another = !address.pid_identity.empty() && process_identity(*address.pid) != address.pid_identity;
    if (is_another || (!address.pid_identity.empty() && !is_running(proc, *address.pid))) {
      return fail(ErrorKind::kNotFound, "lab.endpoint.process_ended", *address.pid);
    }
    if (!is_running(proc, *address.pid)) return fail(ErrorKind::kNotFound, "lab.endpoint.no_process", *address.pid);
    return with_descendants(proc, *address.pid);
  }
  if (!address.is_local()) return fail(ErrorKind::kNotFound, "lab.endpoint.remote");
  SLM_TRY(parts, net::parse_url(address.url));
  const std::set<std::string> inodes = listening_inodes(proc, parts.port);
  for (const int pid : all_pids(proc)) {
    if (inodes.empty() || !holds_any(proc, pid, inodes)) continue;
    if (read_kernel_file(fmt::format("{}/{}/comm", proc, pid)).starts_with("docker-proxy")) return fail(ErrorKind::kNotFound, "lab.endpoint.in_container");
    return with_descendants(proc, pid);
  }
  return fail(ErrorKind::kNotFound, "lab.endpoint.no_listener", parts.port);
}

Status note_pid(EndpointAddress& address) {
  if (!address.pid) return {};
  SLM_TRY_STATUS(find_served_process(address));
  address.pid_identity = process_identity(*address.pid);
  return {};
}

Message doubt_about_pid(const EndpointAddress& address, const std::string& root) {
  if (!address.pid) return {};
  const std::string proc = root + "/proc";
  std::error_code unreadable;
  std::filesystem::directory_iterator(fmt::format("{}/{}/fd", proc, *address.pid), unreadable);
  if (unreadable == std::errc::permission_denied) return msg("lab.endpoint.pid_unseen", printable(address.model), *address.pid);
  if (!address.is_local()) return {};
  const auto parts = net::parse_url(address.url);
  const auto named = find_served_process(address, root);
  EndpointAddress by_port = address;
  by_port.pid.reset();
  const auto listener = find_served_process(by_port, root);
  if (!parts || !named || !listener) return {};  // a container's door-keeper is the reason why a process was named
  const auto is_of = [](int pid, const ServedProcess& process) {
    return std::find(process.all.begin(), process.all.end(), pid) != process.all.end();
  };
  if (is_of(listener->pid, *named) || is_of(*address.pid, *listener)) return {};
  return msg("lab.endpoint.pid_does_not_listen", printable(address.model), *address.pid, parts->port, listener->pid);
}

bool holds_gpu(const ServedProcess& process, const std::string& root) {
  const auto is_gpu = [](const std::string& target) {
    return target.starts_with("/dev/nvidia") || target == "/dev/kfd" || target.starts_with("/dev/dri/render");
  };
  return std::any_of(process.all.begin(), process.all.end(), [&](int pid) { return has_open(root + "/proc", pid, is_gpu); });
}

ProcessMemory memory_of(const ServedProcess& process) {
  ProcessMemory sum;
  for (const int pid : process.all) {
    const ProcessMemory one = process_memory(pid);
    sum.peak_bytes += one.peak_bytes;
    sum.resident_bytes += one.resident_bytes;
    sum.anonymous_bytes += one.anonymous_bytes;
    sum.file_bytes += one.file_bytes;
  }
  return sum;
}

std::string process_identity(int pid) {
  constexpr size_t kStartTime = 19;  // field 22 of proc(5), after the name the 20th
  const std::vector<std::string> fields = stat_fields("/proc", pid);
  if (fields.size() <= kStartTime) return {};
  return fmt::format("{}:{}:{}", boot_id(), pid, fields[kStartTime]);
}

}  // namespace slm::lab
