#include "lab/energy/nvml_library.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/energy/energy_source.h"
#include "lab/energy/power_integral.h"

namespace slm::lab {
namespace {

constexpr double kMostWatts = 10'000;  // of one GPU: more is no reading

// One GPU: its counter, or its power where it has none.
class Gpu {
 public:
  Gpu(const NvmlLibrary& library, NvmlCalls::Device device, double now) : calls_(library.calls()), device_(device), opened_(now) {
    counts_ = calls_.total_energy(device_, &first_) == kNvmlSuccess;
    const auto power = watts();
    works_ = counts_ || power;
    integral_ = PowerIntegral(power.value_or(0), now);
  }

  bool works() const { return works_; }
  bool counts() const { return counts_; }

  // Since it was opened.
  Result<double> joules(double now) {
    if (!counts_) {
      SLM_TRY(power, watts());
      return integral_.add(power, now);
    }
    unsigned long long value = 0;
    if (calls_.total_energy(device_, &value) != kNvmlSuccess || value < first_) return fail(ErrorKind::kFailed, "lab.energy.gpu_lost");
    const double joules = static_cast<double>(value - first_) * 1e-3;
    // The counter is renewed about ten times a second: a second more than has passed is let through.
    if (joules > kMostWatts * (now - opened_ + 1)) return fail(ErrorKind::kFailed, "lab.gpu.no_such_energy", fmt::format("{:.3g}", joules));
    return joules;
  }

 private:
  Result<double> watts() const {
    unsigned milliwatts = 0;
    if (calls_.power(device_, &milliwatts) != kNvmlSuccess) return fail(ErrorKind::kFailed, "lab.energy.gpu_lost");
    const double watts = milliwatts * 1e-3;
    if (watts > kMostWatts) return fail(ErrorKind::kFailed, "lab.gpu.no_such_power", fmt::format("{:.3g}", watts));
    return watts;
  }

  const NvmlCalls& calls_;
  NvmlCalls::Device device_;
  double opened_;
  bool counts_ = false, works_ = false;
  unsigned long long first_ = 0;
  PowerIntegral integral_{0, 0};
};

class Gpus : public EnergySource {
 public:
  Gpus(std::shared_ptr<NvmlLibrary> library, std::vector<Gpu> gpus, std::string names)
      : library_(std::move(library)), gpus_(std::move(gpus)), names_(std::move(names)) {}

  Message scope() const override { return msg(all_count() ? "lab.energy.gpu" : "lab.energy.gpu_sampled", names_); }
  double period() const override { return all_count() ? 30 : 0.1; }

  Result<double> joules(double now) override {
    double sum = 0;
    for (Gpu& gpu : gpus_) {
      SLM_TRY(joules, gpu.joules(now));
      sum += joules;
    }
    return sum;
  }

 private:
  bool all_count() const {
    for (const Gpu& gpu : gpus_) {
      if (!gpu.counts()) return false;
    }
    return true;
  }

  std::shared_ptr<NvmlLibrary> library_;
  std::vector<Gpu> gpus_;
  std::string names_;
};

}  // namespace

Result<std::unique_ptr<EnergySource>> open_nvml(const std::string& library_file, double now, const std::vector<unsigned>& indexes) {
  SLM_TRY(library, NvmlLibrary::load(library_file));
  std::vector<Gpu> gpus;
  std::vector<std::string> names;
  for (const unsigned index : indexes) {
    SLM_TRY(device, library->device(index));
    gpus.emplace_back(*library, device, now);
    if (!gpus.back().works()) return fail(ErrorKind::kNotFound, "lab.gpu.no_energy");
    names.push_back(library->name(device));
  }
  if (gpus.empty()) return fail(ErrorKind::kNotFound, "lab.energy.no_gpu");
  return std::make_unique<Gpus>(library, std::move(gpus), fmt::format("{}", fmt::join(names, ", ")));
}

}  // namespace slm::lab
