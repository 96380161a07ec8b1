#include "base/kernel_file.h"

#include "base/files.h"

namespace slm {

// Read piecewise: the kernel gives no size for them.
std::string read_kernel_file(const std::string& path) { return read_text_file(path, kMostKernelFileBytes).value_or(std::string()); }

std::string boot_id() {
  const std::string text = read_kernel_file("/proc/sys/kernel/random/boot_id");
  return text.substr(0, text.find('\n'));
}

}  // namespace slm
