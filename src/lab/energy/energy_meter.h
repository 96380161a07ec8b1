// Energy of a stretch of work, measured or not at all: where this machine has no source there is a reason, never an estimate.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/energy/nvml_library.h"

namespace slm::lab {

struct EnergyUse {
  double seconds = 0;
  double gross_joules = 0;  // all that the scope took

  // Less what the machine takes idle; at least 0.
  double net_joules(double idle_watts) const;
};

// One meter reads one source, in a thread of its own that keeps counters from going round unseen. Not for several threads at once.
class EnergyMeter {
 public:
  // Of the processor: its counters (RAPL), else the battery. `root` is put before /sys/...; "" is this machine.
  // Error of both: kNotFound whose text is the reason, to be shown as "not measured: {text}".
  static Result<EnergyMeter> probe(const std::string& root = "");
  // Of NVIDIA's GPUs of these indexes.
  static Result<EnergyMeter> of_gpus(const std::vector<unsigned>& gpus, const std::string& library = kNvmlLibrary);
  EnergyMeter(EnergyMeter&&) noexcept;
  EnergyMeter& operator=(EnergyMeter&&) noexcept;
  ~EnergyMeter();

  // What the joules are of: "CPU package (RAPL)". A share of one process cannot be told.
  Message scope() const;

  // Reads the idle machine for `duration`, 10 s or more; to be called before the work and after it. Returns early when keep_going says
  // false. Error: kFailed when the source broke off.
  Status measure_idle(std::chrono::duration<double> duration, const std::function<bool()>& keep_going = {});
  // The mean over all idle stretches so far; nothing before the first.
  std::optional<double> idle_watts() const;

  // From start() to stop(). Error: kFailed when the source broke off in between (a charger plugged in): then nothing was measured.
  Status start();
  Result<EnergyUse> stop();

 private:
  struct Reader;
  explicit EnergyMeter(std::unique_ptr<Reader> reader);

  std::unique_ptr<Reader> reader_;
  double start_joules_ = 0, start_seconds_ = 0;
  double idle_joules_ = 0, idle_seconds_ = 0;
};

}  // namespace slm::lab
