#include <algorithm>
#include <filesystem>
#include <map>
#include <vector>

#include "lab/energy/energy_source.h"
#include "lab/energy/small_files.h"

namespace slm::lab {
namespace {

namespace fs = std::filesystem;

struct Domain {
  std::string counter;      // energy_uj: microjoules, wraps after range
  int64_t range = 0;     // max_energy_range_uj
  int64_t last = 0;
};

class Rapl : public EnergySource {
 public:
  Rapl(std::vector<Domain> domains, std::string_view scope_key) : domains_(std::move(domains)), scope_key_(scope_key) {}

  Message scope() const override { return msg(scope_key_); }
  // The shortest range seen (262 kJ) takes ten minutes at 400 W.
  double period() const override { return 30; }

  Result<double> joules(double) override {
    for (Domain& domain : domains_) {
      SLM_TRY(value, read_number(domain.counter));
      // A counter that fell went round once, from its range to zero.
      microjoules_ += value >= domain.last ? value - domain.last : domain.range - std::min(domain.range, domain.last) + value;
      domain.last = value;
    }
    return static_cast<double>(microjoules_) * 1e-6;
  }

 private:
  std::vector<Domain> domains_;
  std::string_view scope_key_;
  int64_t microjoules_ = 0;
};

// Domains by what they are: "package-0", "package-0/dram", "psys". intel-rapl-mmio shows packages a second time; the first is kept.
std::map<std::string, fs::path> find_domains(const fs::path& powercap) {
  std::map<std::string, fs::path> found;
  std::error_code error;
  std::vector<fs::path> zones;
  for (const auto& entry : fs::directory_iterator(powercap, error)) zones.push_back(entry.path());
  std::sort(zones.begin(), zones.end());  // intel-rapl before intel-rapl-mmio
  for (const fs::path& zone : zones) {
    const std::string file = zone.filename().string();
    const size_t colon = file.find(':');
    if (colon == std::string::npos) continue;  // the control type itself
    auto name = read_word((zone / "name").string());
    if (!name) continue;
    if (const size_t second = file.find(':', colon + 1); second != std::string::npos) {
      auto parent = read_word((powercap / file.substr(0, second) / "name").string());
      if (!parent) continue;
      *name = *parent + "/" + *name;
    }
    found.emplace(*name, zone);
  }
  return found;
}

}  // namespace

Result<std::unique_ptr<EnergySource>> open_rapl(const std::string& root) {
  const std::map<std::string, fs::path> found = find_domains(root + "/sys/class/powercap");
  std::vector<fs::path> packages, memory, platform;
  for (const auto& [name, zone] : found) {
    if (!name.starts_with("package")) {
      if (name == "psys") platform.push_back(zone);
    } else if (name.find('/') == std::string::npos) {
      packages.push_back(zone);
    } else if (name.ends_with("/dram")) {
      memory.push_back(zone);
    }
  }
  std::string_view scope = packages.empty() ? "lab.energy.platform" : memory.empty() ? "lab.energy.package" : "lab.energy.package_and_memory";
  std::vector<fs::path> chosen = packages.empty() ? platform : packages;
  if (!packages.empty()) chosen.insert(chosen.end(), memory.begin(), memory.end());
  if (chosen.empty()) return fail(ErrorKind::kNotFound, "lab.energy.no_rapl");
  std::vector<Domain> domains;
  for (const fs::path& zone : chosen) {
    Domain domain{.counter = (zone / "energy_uj").string()};
    const auto value = read_number(domain.counter);
    // Readable by root alone since CVE-2020-8694.
    if (!value) return fail_with_hint(ErrorKind::kNotFound, msg("lab.energy.rapl_unreadable", domain.counter), msg("lab.energy.rapl_remedy"));
    domain.last = *value;
    domain.range = read_number((zone / "max_energy_range_uj").string()).value_or(0);
    domains.push_back(domain);
  }
  return std::make_unique<Rapl>(std::move(domains), scope);
}

}  // namespace slm::lab
