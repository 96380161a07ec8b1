#include <dlfcn.h>

#include <memory>

#include "lab/energy/energy_source.h"
#include "lab/energy/power_integral.h"

namespace slm::lab {
namespace {

// The few calls of NVIDIA's management library that are needed, by their documented C signatures; 0 is success.
struct Nvml {
  using Device = void*;
  int (*init)() = nullptr;
  int (*shut_down)() = nullptr;
  int (*device)(unsigned index, Device*) = nullptr;
  int (*name)(Device, char* text, unsigned bytes) = nullptr;
  int (*total_energy)(Device, unsigned long long* millijoules) = nullptr;  // Volta and later; since the driver was loaded
  int (*power)(Device, unsigned* milliwatts) = nullptr;
};

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

// The library, loaded and started; shut down and closed at the end.
class NvmlLibrary {
 public:
  explicit NvmlLibrary(const std::string& file) : library_(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) return;
    const bool complete = find(library_, "nvmlInit_v2", calls_.init) && find(library_, "nvmlShutdown", calls_.shut_down) &&
                          find(library_, "nvmlDeviceGetHandleByIndex_v2", calls_.device) && find(library_, "nvmlDeviceGetName", calls_.name) &&
                          find(library_, "nvmlDeviceGetTotalEnergyConsumption", calls_.total_energy) &&
                          find(library_, "nvmlDeviceGetPowerUsage", calls_.power);
    started_ = complete && calls_.init() == 0;
  }
  ~NvmlLibrary() {
    if (started_) calls_.shut_down();
    if (library_ != nullptr) dlclose(library_);
  }
  NvmlLibrary(const NvmlLibrary&) = delete;
  NvmlLibrary& operator=(const NvmlLibrary&) = delete;

  bool started() const { return started_; }
  const Nvml& calls() const { return calls_; }

 private:
  void* library_;
  Nvml calls_;
  bool started_ = false;
};

class Gpu : public EnergySource {
 public:
  Gpu(std::unique_ptr<NvmlLibrary> library, Nvml::Device device, double now) : library_(std::move(library)), device_(device) {
    char name[96] = "";
    library_->calls().name(device_, name, sizeof(name) - 1);
    name_ = name;
    counts_ = library_->calls().total_energy(device_, &first_) == 0;
    unsigned milliwatts = 0;
    works_ = counts_ || library_->calls().power(device_, &milliwatts) == 0;
    integral_ = PowerIntegral(milliwatts * 1e-3, now);
  }

  bool works() const { return works_; }
  Message scope() const override { return msg(counts_ ? "lab.energy.gpu" : "lab.energy.gpu_sampled", name_); }
  double period() const override { return counts_ ? 30 : 0.1; }

  Result<double> joules(double now) override {
    if (counts_) {
      unsigned long long value = 0;
      if (library_->calls().total_energy(device_, &value) != 0 || value < first_) return fail(ErrorKind::kFailed, "lab.energy.gpu_lost");
      return static_cast<double>(value - first_) * 1e-3;
    }
    unsigned milliwatts = 0;
    if (library_->calls().power(device_, &milliwatts) != 0) return fail(ErrorKind::kFailed, "lab.energy.gpu_lost");
    return integral_.add(milliwatts * 1e-3, now);
  }

 private:
  std::unique_ptr<NvmlLibrary> library_;
  Nvml::Device device_;
  std::string name_;
  bool counts_ = false, works_ = false;
  unsigned long long first_ = 0;
  PowerIntegral integral_{0, 0};
};

}  // namespace

Result<std::unique_ptr<EnergySource>> open_nvml(const std::string& library_file, double now) {
  auto library = std::make_unique<NvmlLibrary>(library_file);
  Nvml::Device device = nullptr;
  if (!library->started() || library->calls().device(0, &device) != 0) return fail(ErrorKind::kNotFound, "lab.energy.no_gpu");
  auto gpu = std::make_unique<Gpu>(std::move(library), device, now);
  if (!gpu->works()) return fail(ErrorKind::kNotFound, "lab.energy.no_gpu");
  return gpu;
}

}  // namespace slm::lab
