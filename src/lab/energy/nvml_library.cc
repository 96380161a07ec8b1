#include "lab/energy/nvml_library.h"

#include <dlfcn.h>

#include "base/text.h"

namespace slm::lab {
namespace {

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

bool find_all(void* library, NvmlCalls& calls) {
  // The list's form is the same in both; the first version's was another.
  if (!find(library, "nvmlDeviceGetComputeRunningProcesses_v3", calls.processes)) {
    find(library, "nvmlDeviceGetComputeRunningProcesses_v2", calls.processes);
  }
  return find(library, "nvmlInit_v2", calls.init) && find(library, "nvmlShutdown", calls.shut_down) &&
         find(library, "nvmlDeviceGetCount_v2", calls.count) && find(library, "nvmlDeviceGetHandleByIndex_v2", calls.device) &&
         find(library, "nvmlDeviceGetName", calls.name) && find(library, "nvmlDeviceGetMemoryInfo", calls.memory) &&
         find(library, "nvmlDeviceGetTotalEnergyConsumption", calls.total_energy) &&
         find(library, "nvmlDeviceGetPowerUsage", calls.power);
}

}  // namespace

NvmlLibrary::NvmlLibrary(const std::string& file) : library_(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (library_ == nullptr || !find_all(library_, calls_)) return;
  started_ = calls_.init() == kNvmlSuccess;
  if (started_ && calls_.count(&gpus_) != kNvmlSuccess) gpus_ = 0;
}

NvmlLibrary::~NvmlLibrary() {
  if (started_) calls_.shut_down();
  if (library_ != nullptr) dlclose(library_);
}

Result<std::shared_ptr<NvmlLibrary>> NvmlLibrary::load(const std::string& file) {
  std::shared_ptr<NvmlLibrary> library(new NvmlLibrary(file));
  if (!library->started_ || library->gpus_ == 0) return fail(ErrorKind::kNotFound, "lab.energy.no_gpu");
  if (library->gpus_ > kMostGpus) return fail(ErrorKind::kNotFound, "lab.gpu.too_many", library->gpus_);
  return library;
}

Result<NvmlCalls::Device> NvmlLibrary::device(unsigned index) const {
  NvmlCalls::Device device = nullptr;
  if (index >= gpus_ || calls_.device(index, &device) != kNvmlSuccess) return fail(ErrorKind::kNotFound, "lab.energy.no_gpu");
  return device;
}

std::string NvmlLibrary::name(NvmlCalls::Device device) const {
  char name[96] = "";
  if (calls_.name(device, name, sizeof(name) - 1) != kNvmlSuccess) return "?";
  return printable(to_valid_utf8(name));
}

}  // namespace slm::lab
