// What counts joules on this machine. Each source names its scope; scopes nest (a package holds its cores, a battery feeds all), so readings of two
// sources are never added.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace slm::lab {

class EnergySource {
 public:
  virtual ~EnergySource() = default;

  // What the joules are of: "CPU package (RAPL)".
  virtual Message scope() const = 0;
  // Joules since the source was opened. `now` is a monotone clock in seconds; call it at least every period() seconds, since counters
  // wrap and power is read as it is at the moment. Error: kFailed when the source broke off (a file went away, a charger was plugged in).
  virtual Result<double> joules(double now) = 0;
  virtual double period() const = 0;
};

// The processor's energy counters (Linux powercap, Intel and AMD), below `root` ("" for this machine): all packages with their memory domain where
// it is counted, each once, or the platform domain where no package is. Error: kNotFound with the reason.
Result<std::unique_ptr<EnergySource>> open_rapl(const std::string& root);

// A battery that is being discharged: the whole device, coarse (about one reading a second). Error: kNotFound with the reason.
Result<std::unique_ptr<EnergySource>> open_battery(const std::string& root, double now);

// NVIDIA's GPUs of these indexes through its management library: the sum of their energy counters, or of their power where one has none.
// Error: kNotFound with the reason.
Result<std::unique_ptr<EnergySource>> open_nvml(const std::string& library, double now, const std::vector<unsigned>& gpus = {0});

}  // namespace slm::lab
