#include "base/huge_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <string>

#include "base/kernel_file.h"

namespace slm {

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

}  // namespace slm
