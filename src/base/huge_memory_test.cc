#include "base/huge_memory.h"

#include <sys/utsname.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace slm {
namespace {

// Of the mapping that holds the address, as /proc/self/smaps tells it.
size_t huge_bytes_in_smaps(const void* address) {
  std::ifstream smaps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    unsigned long begin = 0, end = 0, kilobytes = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) inside = begin <= reinterpret_cast<uintptr_t>(address) && reinterpret_cast<uintptr_t>(address) < end;
    if (inside && std::sscanf(line.c_str(), "AnonHugePages: %lu kB", &kilobytes) == 1) return kilobytes * 1024;
  }
  return 0;
}

bool kernel_tells() {
  utsname names = {};
  int major = 0, minor = 0;
  return uname(&names) == 0 && std::sscanf(names.release, "%d.%d", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 7));
}

TEST(HugeMemory, SaysWhichBytesLieInHugePages) {
  constexpr size_t kBytes = 4 * kHugePageBytes;
  const HugeMemory memory(kBytes);
  ASSERT_NE(memory.data(), nullptr);
  EXPECT_EQ(bytes_in_huge_pages(memory.data(), kBytes), 0u);  // nothing was touched
  std::memset(memory.data() + kHugePageBytes, 1, kHugePageBytes);
  const size_t huge = huge_bytes_in_smaps(memory.data());
  if (huge == 0 || !kernel_tells()) GTEST_SKIP() << "no huge page was given, or the kernel does not tell";
  EXPECT_EQ(bytes_in_huge_pages(memory.data(), kBytes), huge);
  EXPECT_EQ(bytes_in_huge_pages(memory.data(), kHugePageBytes), 0u);
  EXPECT_EQ(bytes_in_huge_pages(memory.data() + kHugePageBytes - 100, 300), 200u);
  EXPECT_EQ(bytes_in_huge_pages(memory.data() + kHugePageBytes + 5, 7), 7u);
  EXPECT_EQ(bytes_in_huge_pages(memory.data() + kHugePageBytes, 0), 0u);
}

TEST(HugeMemory, CountsEveryOtherHugePageOfMany) {
  constexpr size_t kPages = 80;  // more stretches than are told at once
  const HugeMemory memory(kPages * kHugePageBytes);
  ASSERT_NE(memory.data(), nullptr);
  for (size_t i = 0; i < kPages; i += 2) memory.data()[i * kHugePageBytes] = std::byte{1};
  const size_t huge = huge_bytes_in_smaps(memory.data());
  if (huge == 0 || !kernel_tells()) GTEST_SKIP() << "no huge page was given, or the kernel does not tell";
  EXPECT_EQ(bytes_in_huge_pages(memory.data(), kPages * kHugePageBytes), huge);
}

}  // namespace
}  // namespace slm
