// Files of the kernel under /proc and /sys.
#pragma once

#include <cstddef>
#include <string>

namespace slm {

inline constexpr size_t kMostKernelFileBytes = 16u << 20;  // the largest: /proc/cpuinfo of a very large machine

// Its text. "" where there is no such file, it may not be read, or it is longer than kMostKernelFileBytes: these files come and go with processes,
// and a machine that lacks one is no error.
std::string read_kernel_file(const std::string& path);

// The id of this boot, in one line; "" where there is none.
std::string boot_id();

}  // namespace slm
