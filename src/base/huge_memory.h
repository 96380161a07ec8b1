// Anonymous memory in pages of 2 MB. Data that is read from end to end, over and over, takes fewer walks of the page tables there.
#pragma once

#include <cstddef>

namespace slm {

inline constexpr size_t kHugePageBytes = size_t{2} << 20;

class HugeMemory {
 public:
  // Zeroed, touched as used, from the border of a huge page on. Less than one such page, or where the system has none free: of small pages.
  explicit HugeMemory(size_t bytes);
  ~HugeMemory();
  HugeMemory(const HugeMemory&) = delete;
  HugeMemory& operator=(const HugeMemory&) = delete;

  std::byte* data() const { return data_; }  // null when the address space could not be reserved, and for 0 bytes

 private:
  std::byte* data_ = nullptr;
  void* reserved_ = nullptr;
  size_t reserved_bytes_ = 0;
};

// Whether the system gives huge pages to those who ask (transparent_hugepage is "always" or "madvise").
bool gives_huge_pages();

// How many of these bytes, anonymous or of a mapped file, this process has in huge pages now. 0 where the system does not tell (Linux before 6.7).
size_t bytes_in_huge_pages(const void* data, size_t size);

}  // namespace slm
