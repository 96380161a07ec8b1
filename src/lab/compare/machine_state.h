// How fast and how hot the machine is at this moment, where it says so.
#pragma once

#include <string>

#include "base/result.h"

namespace slm::lab {

// MHz, the mean of the `busy` fastest processors: cpufreq's scaling_cur_freq, else "cpu MHz" of /proc/cpuinfo. Read below root/sys and
// root/proc ("" for the system's own). Errors: kNotFound (neither is there). REQUIRES: busy > 0.
Result<double> read_clock_mhz(const std::string& root, int busy);

// Degrees Celsius of the hottest sensor: thermal zones, else hwmon. Readings that no running machine has (below -40, above 150) are passed
// over. Errors: kNotFound.
Result<double> read_celsius(const std::string& root);

}  // namespace slm::lab
