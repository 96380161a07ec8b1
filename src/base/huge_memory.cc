#include "base/huge_memory.h"

#include <sys/mman.h>

#include <string>

#include "base/kernel_file.h"

namespace slm {

HugeMemory::HugeMemory(size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  madvise(memory, bytes, MADV_HUGEPAGE);  // a wish
  data_ = static_cast<std::byte*>(memory);
}

HugeMemory::~HugeMemory() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

bool gives_huge_pages() {
  const std::string modes = read_kernel_file("/sys/kernel/mm/transparent_hugepage/enabled");
  return modes.find("[always]") != std::string::npos || modes.find("[madvise]") != std::string::npos;
}

}  // namespace slm
