#include "base/huge_memory.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "base/kernel_file.h"

namespace slm {
namespace {

// The kernel's own of linux/fs.h, which headers before 6.7 lack: stretches of pages by what they are.
struct PageScan {
  uint64_t size = sizeof(PageScan), flags = 0, begin, end, walked_to = 0, stretches, most_stretches, most_pages = 0;
  uint64_t inverted = 0, all_of, any_of = 0, told;
};
struct PageStretch {
  uint64_t begin, end, kinds;
};
constexpr uint64_t kIsHuge = 1u << 6;
constexpr unsigned long kScanPages = _IOWR('f', 16, PageScan);

}  // namespace

HugeMemory::HugeMemory(size_t bytes) {
  if (bytes == 0) return;
  reserved_bytes_ = bytes + kHugePageBytes;
  void* memory = mmap(nullptr, reserved_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  reserved_ = memory;
  const auto address = reinterpret_cast<uintptr_t>(memory);
  data_ = static_cast<std::byte*>(memory) + ((address + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes - address);
  if (bytes >= kHugePageBytes) madvise(data_, bytes, MADV_HUGEPAGE);  // a wish
}

HugeMemory::~HugeMemory() {
  if (reserved_ != nullptr) munmap(reserved_, reserved_bytes_);
}

bool gives_huge_pages() {
  const std::string modes = read_kernel_file("/sys/kernel/mm/transparent_hugepage/enabled");
  return modes.find("[always]") != std::string::npos || modes.find("[madvise]") != std::string::npos;
}

size_t bytes_in_huge_pages(const void* data, size_t size) {
  const int descriptor = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE)), begin = reinterpret_cast<uintptr_t>(data), end = begin + size;
  std::array<PageStretch, 32> stretches;
  PageScan scan{.begin = begin / page * page, .end = (end + page - 1) / page * page, .stretches = reinterpret_cast<uintptr_t>(stretches.data()),
                .most_stretches = stretches.size(), .all_of = kIsHuge, .told = kIsHuge};
  size_t bytes = 0;
  while (scan.begin < scan.end) {
    const int n = ioctl(descriptor, kScanPages, &scan);
    if (n < 0 || scan.walked_to <= scan.begin) break;
    for (int i = 0; i < n; ++i) bytes += std::min(stretches[i].end, end) - std::max(stretches[i].begin, begin);
    scan.begin = scan.walked_to;
  }
  close(descriptor);
  return bytes;
}

}  // namespace slm
