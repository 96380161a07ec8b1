// What processes hold of NVIDIA's GPUs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/energy/nvml_library.h"

namespace slm::lab {

struct GpuUse {
  uint64_t bytes = 0;            // of all of them together, over all GPUs
  std::vector<unsigned> gpus;    // on which they hold memory, by their index
};

// Errors: kNotFound, whose text is the reason, to be shown as "not measured: {text}": no GPU that answers, none of the processes on any (or
// the driver numbers them otherwise, as it does for a container), a driver that does not tell, or tells what cannot be.
Result<GpuUse> gpu_use_of(const std::vector<int>& pids, const std::string& library = kNvmlLibrary);

}  // namespace slm::lab
