#include "lab/energy/gpu_memory.h"

#include <algorithm>

namespace slm::lab {
namespace {

constexpr unsigned kUsualProcesses = 64;
constexpr int kListTries = 4;  // processes come while they are counted

Result<std::vector<NvmlProcess>> processes_on(const NvmlLibrary& library, NvmlCalls::Device device) {
  if (library.calls().processes == nullptr) return fail(ErrorKind::kNotFound, "lab.gpu.old_library");
  unsigned room = kUsualProcesses;
  for (int tries = 0; tries < kListTries; ++tries) {
    std::vector<NvmlProcess> list(room);
    unsigned n = room;
    const int status = library.calls().processes(device, &n, list.data());
    if (status == kNvmlSuccess && n <= room) {
      list.resize(n);
      return list;
    }
    if (status != kNvmlInsufficientSize && status != kNvmlSuccess) return fail(ErrorKind::kNotFound, "lab.gpu.refused", status);
    if (n > kMostGpuProcesses) return fail(ErrorKind::kNotFound, "lab.gpu.too_many_processes", n);
    room = std::max(2 * room, n);
  }
  return fail(ErrorKind::kNotFound, "lab.gpu.too_many_processes", room);
}

// Bytes that the processes hold on one GPU: 0 where they are not on it.
Result<uint64_t> bytes_on(const NvmlLibrary& library, unsigned index, const std::vector<int>& pids) {
  SLM_TRY(device, library.device(index));
  SLM_TRY(list, processes_on(library, device));
  uint64_t bytes = 0;
  NvmlMemory memory{};
  const bool knows_total = library.calls().memory(device, &memory) == kNvmlSuccess;
  for (const NvmlProcess& process : list) {
    if (std::find(pids.begin(), pids.end(), static_cast<int>(process.pid)) == pids.end()) continue;
    if (process.bytes == kNvmlNotAvailable) return fail(ErrorKind::kNotFound, "lab.gpu.untold");
    if (!knows_total || process.bytes > memory.total - std::min<uint64_t>(bytes, memory.total)) {
      return fail(ErrorKind::kNotFound, "lab.gpu.more_than_there_is", process.bytes, knows_total ? memory.total : 0);
    }
    bytes += process.bytes;
  }
  return bytes;
}

}  // namespace

Result<GpuUse> gpu_use_of(const std::vector<int>& pids, const std::string& library_file) {
  SLM_TRY(library, NvmlLibrary::load(library_file));
  GpuUse use;
  for (unsigned index = 0; index < library->gpus(); ++index) {
    SLM_TRY(bytes, bytes_on(*library, index, pids));
    if (bytes == 0) continue;
    if (bytes > UINT64_MAX - use.bytes) return fail(ErrorKind::kNotFound, "lab.gpu.more_than_there_is", bytes, UINT64_MAX);
    use.bytes += bytes;
    use.gpus.push_back(index);
  }
  if (use.gpus.empty()) return fail(ErrorKind::kNotFound, "lab.gpu.not_on_it");
  return use;
}

}  // namespace slm::lab
