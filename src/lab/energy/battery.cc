#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include "lab/energy/energy_source.h"
#include "lab/energy/power_integral.h"
#include "lab/energy/small_files.h"

namespace slm::lab {
namespace {

namespace fs = std::filesystem;

// Watts that one battery gives; some report current and voltage instead of power. The sign of a discharge differs between drivers.
Result<double> watts_of(const std::string& battery) {
  if (const auto power = read_number(battery + "/power_now")) return std::abs(static_cast<double>(*power)) * 1e-6;
  SLM_TRY(current, read_number(battery + "/current_now"));
  SLM_TRY(voltage, read_number(battery + "/voltage_now"));
  return std::abs(static_cast<double>(current)) * 1e-6 * static_cast<double>(voltage) * 1e-6;
}

// The device's own batteries: not those of a mouse or a headset (scope "Device").
std::vector<std::string> find_batteries(const std::string& folder) {
  std::vector<std::string> batteries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string path = entry.path().string();
    if (read_word(path + "/type").value_or("") != "Battery" || read_word(path + "/scope").value_or("") == "Device") continue;
    batteries.push_back(path);
  }
  std::sort(batteries.begin(), batteries.end());
  return batteries;
}

// The watts of all batteries that discharge; an error when none does, since then the mains feed the device.
Result<double> watts_of_all(const std::vector<std::string>& batteries) {
  double watts = 0;
  bool discharging = false;
  for (const std::string& battery : batteries) {
    SLM_TRY(status, read_word(battery + "/status"));
    if (status == "Charging") return fail(ErrorKind::kFailed, "lab.energy.plugged_in");
    if (status != "Discharging") continue;
    SLM_TRY(own, watts_of(battery));
    watts += own;
    discharging = true;
  }
  if (!discharging) return fail(ErrorKind::kFailed, "lab.energy.plugged_in");
  return watts;
}

class Battery : public EnergySource {
 public:
  Battery(std::vector<std::string> batteries, double watts, double now) : batteries_(std::move(batteries)), integral_(watts, now) {}

  Message scope() const override { return msg("lab.energy.battery"); }
  double period() const override { return 1; }

  Result<double> joules(double now) override {
    SLM_TRY(watts, watts_of_all(batteries_));
    return integral_.add(watts, now);
  }

 private:
  std::vector<std::string> batteries_;
  PowerIntegral integral_;
};

}  // namespace

Result<std::unique_ptr<EnergySource>> open_battery(const std::string& root, double now) {
  std::vector<std::string> batteries = find_batteries(root + "/sys/class/power_supply");
  if (batteries.empty()) return fail(ErrorKind::kNotFound, "lab.energy.no_battery");
  auto watts = watts_of_all(batteries);
  if (!watts) return tl::unexpected<Error>(Error{ErrorKind::kNotFound, watts.error().message, {}});
  return std::make_unique<Battery>(std::move(batteries), *watts, now);
}

}  // namespace slm::lab
