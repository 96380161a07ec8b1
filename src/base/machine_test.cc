#include "base/machine.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "base/cgroup.h"
#include "base/kernel_file.h"
#include "base/temporary_directory.h"

namespace slm {
namespace {

// A made-up machine: 8 logical CPUs on 4 cores with two threads each, 8 GB.
class FakeMachine {
 public:
  FakeMachine() {
    std::string cpuinfo;
    for (int cpu = 0; cpu < 8; ++cpu) {
      cpuinfo += "processor\t: " + std::to_string(cpu) + "\nmodel name\t: Example CPU @ 2.00GHz\n\n";
      const int first = cpu % 4;
      files.write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/core_cpus_list",
                  std::to_string(first) + "," + std::to_string(first + 4) + "\n");
    }
    files.write("proc/cpuinfo", cpuinfo);
    files.write("sys/devices/system/cpu/online", "0-7\n");
    files.write("proc/meminfo", "MemTotal:        8000000 kB\nMemFree:  1000000 kB\nMemAvailable:    6000000 kB\n");
  }
  MachineFacts facts(const std::vector<int>& allowed = {0, 1, 2, 3, 4, 5, 6, 7}) const {
    return read_machine_facts(files.path(), allowed);
  }
  // Mounts of a v1 system, the process in /jobs/mine.
  void use_v1() const {
    files.write("proc/self/cgroup", "5:cpuset:/\n4:memory:/jobs/mine\n3:cpu,cpuacct:/jobs/mine\n0::/\n");
    files.write("proc/self/mountinfo",
                "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
                "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:7 - cgroup cgroup rw,cpu,cpuacct\n"
                "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n");
  }
  void use_v2(const std::string& group = "/jobs/mine", const std::string& top = "/") const {
    files.write("proc/self/cgroup", "0::" + group + "\n");
    files.write("proc/self/mountinfo", "30 23 0:26 " + top + " /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n");
  }
  TemporaryDirectory files;
};

TEST(Machine, CountsCoresAndMemory) {
  const FakeMachine machine;
  const MachineFacts facts = machine.facts();
  EXPECT_EQ(facts.cpu, "Example CPU @ 2.00GHz");
  EXPECT_EQ(facts.logical_cpus, 8);
  EXPECT_EQ(facts.physical_cores, 4);
  EXPECT_EQ(facts.usable_cores, 4);
  EXPECT_EQ(facts.memory_bytes, 8'000'000ull * 1024);
  EXPECT_EQ(facts.available_bytes, 6'000'000ull * 1024);
  EXPECT_FALSE(facts.cgroup_limit_bytes.has_value());
}

TEST(Machine, AffinityLimitsUsableCores) {
  const FakeMachine machine;
  EXPECT_EQ(machine.facts({0, 4}).usable_cores, 1);  // two threads of one core
  EXPECT_EQ(machine.facts({0, 1, 5}).usable_cores, 2);
  EXPECT_EQ(machine.facts({}).usable_cores, 4);      // unknown
}

TEST(Machine, V2LimitsHoldOnEveryLevel) {
  const FakeMachine machine;
  machine.use_v2();
  machine.files.write("sys/fs/cgroup/jobs/mine/cpu.max", "max 100000\n");
  machine.files.write("sys/fs/cgroup/jobs/mine/memory.max", "max\n");
  machine.files.write("sys/fs/cgroup/jobs/cpu.max", "250000 100000\n");
  machine.files.write("sys/fs/cgroup/jobs/memory.max", "1073741824\n");
  machine.files.write("sys/fs/cgroup/jobs/memory.current", "500000000\n");
  machine.files.write("sys/fs/cgroup/jobs/memory.stat", "anon 100000000\nfile 400000000\ninactive_file 300000000\nactive_file 100000000\n");
  const MachineFacts facts = machine.facts();
  EXPECT_EQ(facts.usable_cores, 2);
  EXPECT_EQ(facts.cgroup_limit_bytes, 1073741824u);
  EXPECT_EQ(facts.available_bytes, 1073741824u - 100000000u);  // file pages can go
}

TEST(Machine, V1LimitsHoldOnEveryLevel) {
  const FakeMachine machine;
  machine.use_v1();
  machine.files.write("sys/fs/cgroup/cpu,cpuacct/jobs/mine/cpu.cfs_quota_us", "50000\n");
  machine.files.write("sys/fs/cgroup/cpu,cpuacct/jobs/mine/cpu.cfs_period_us", "100000\n");
  machine.files.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  machine.files.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  machine.files.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  machine.files.write("sys/fs/cgroup/memory/jobs/mine/memory.limit_in_bytes", "2147483648\n");
  machine.files.write("sys/fs/cgroup/memory/jobs/mine/memory.usage_in_bytes", "2147483648\n");
  machine.files.write("sys/fs/cgroup/memory/jobs/mine/memory.stat", "inactive_file 1\ntotal_inactive_file 1000\ntotal_active_file 24\n");
  const MachineFacts facts = machine.facts();
  EXPECT_EQ(facts.usable_cores, 1);  // half a CPU still is one thread
  EXPECT_EQ(facts.cgroup_limit_bytes, 2147483648u);
  EXPECT_EQ(facts.available_bytes, 1024u);
}

TEST(Machine, ContainerPathsAreReadFromTheMount) {
  const FakeMachine machine;
  machine.use_v2("/docker/abc/inner", "/docker/abc");
  machine.files.write("sys/fs/cgroup/memory.max", "1000000\n");
  machine.files.write("sys/fs/cgroup/inner/memory.max", "500000\n");
  EXPECT_EQ(machine.facts().cgroup_limit_bytes, 500000u);
  machine.use_v2("/../elsewhere", "/");
  EXPECT_EQ(machine.facts().cgroup_limit_bytes, 1000000u);
}

TEST(Machine, SurvivesNonsense) {
  const TemporaryDirectory files;
  EXPECT_GE(read_machine_facts(files.path(), {0}).physical_cores, 1);
  files.write("proc/cpuinfo", "garbage");
  files.write("sys/devices/system/cpu/online", "5-2,x,-,9999999999,0-");
  files.write("proc/meminfo", "MemTotal: many\n");
  files.write("proc/self/cgroup", ":::\n0::\n\n4:memory\n");
  files.write("proc/self/mountinfo", "1 - \n - cgroup2\nx x x x /m - cgroup2 a b\n");
  files.write("m/memory.max", "-5\n");
  files.write("m/cpu.max", "1 0\n");
  const MachineFacts facts = read_machine_facts(files.path(), {0, 1});
  EXPECT_GE(facts.physical_cores, 1);
  EXPECT_GE(facts.usable_cores, 1);
  EXPECT_EQ(facts.memory_bytes, 0u);
  EXPECT_FALSE(facts.cgroup_limit_bytes.has_value());
}

TEST(Machine, ReadsThisOne) {
  const MachineFacts facts = machine_facts();
  EXPECT_GE(facts.usable_cores, 1);
  EXPECT_LE(facts.usable_cores, facts.physical_cores);
  EXPECT_LE(facts.physical_cores, facts.logical_cpus);
  EXPECT_GT(facts.memory_bytes, 64u << 20);
  EXPECT_GT(facts.available_bytes, 0u);
  EXPECT_LE(facts.available_bytes, facts.memory_bytes);
}

TEST(Machine, PeakMemoryFollowsUse) {
  const ProcessMemory before = process_memory();
  ASSERT_GT(before.resident_bytes, 0u);
  EXPECT_GE(before.peak_bytes, before.resident_bytes / 2);
  {
    constexpr size_t kBytes = 64u << 20;
    std::vector<char> block(kBytes);
    for (size_t i = 0; i < kBytes; i += 4096) block[i] = static_cast<char>(i);
    EXPECT_GE(process_memory().peak_bytes, before.resident_bytes + kBytes / 2);
    EXPECT_NE(block[4096 * 3], 77);
  }
  if (!reset_peak_memory()) GTEST_SKIP() << "the system does not let a process reset its peak";
  EXPECT_LE(process_memory().peak_bytes, process_memory().resident_bytes + (32u << 20));
}

TEST(Machine, DiskFreeLooksAtTheNearestParent) {
  const TemporaryDirectory directory;
  const auto here = disk_free_bytes(directory.path());
  const auto below = disk_free_bytes(directory / "not/yet/there");
  ASSERT_TRUE(here.has_value());
  ASSERT_TRUE(below.has_value());
  EXPECT_GT(*below, 0u);
}

TEST(Machine, MeasuresBandwidth) {
  const double rate = measure_read_bandwidth(2, 8u << 20);
  EXPECT_GT(rate, 0.05);
  EXPECT_LT(rate, 100'000);
}

TEST(KernelFile, MissingAndEndlessFilesAreEmpty) {
  EXPECT_EQ(read_kernel_file("/proc/self/no-such-file"), "");
  EXPECT_EQ(read_kernel_file("/proc/self"), "");
  EXPECT_EQ(read_kernel_file("/dev/zero"), "");
  EXPECT_FALSE(read_kernel_file("/proc/self/status").empty());  // the kernel gives it no size
  EXPECT_EQ(boot_id(), boot_id());
  EXPECT_EQ(boot_id().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace slm
