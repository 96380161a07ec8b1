// What memory gives at most: reads of pages of 2 MB, which take fewer walks of the page tables than measure_read_bandwidth()'s.
#pragma once

#include <cstdint>

namespace slm {

// GB/s that `threads` threads together read from memory; 0 where it cannot be had. Where the system gives no huge pages, the
// figure is that of small ones.
double measure_huge_page_bandwidth(int threads, uint64_t bytes = 512ull << 20);

}  // namespace slm
