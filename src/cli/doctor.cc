#include "cli/doctor.h"

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/machine.h"
#include "base/text.h"
#include "cli/facts_table.h"
#include "cli/roofline.h"
#include "hub/store.h"
#include "kernels/table.h"

namespace slm::cli {
namespace {

struct Findings {
  MachineFacts machine;
  std::string isa;
  std::vector<std::string> usable_isas;
  std::string store;
  uint64_t disk_free = 0;
  double read_gb_per_s = 0;
  std::vector<Roof> roofs;  // where asked for
};

Result<Findings> look(bool roofline) {
  Findings findings;
  findings.machine = machine_facts();
  SLM_TRY(table, kernels::choose_table());
  findings.isa = table->name;
  for (const kernels::KernelTable* usable : kernels::usable_tables()) findings.usable_isas.emplace_back(usable->name);
  findings.store = hub::Store::open().root();
  SLM_TRY(disk_free, disk_free_bytes(findings.store));
  findings.disk_free = disk_free;
  if (roofline) findings.roofs = measure_roofs(*table, findings.machine.usable_cores);
  findings.read_gb_per_s = roofline ? findings.roofs.back().read_gb_per_s : measure_read_bandwidth(findings.machine.usable_cores);
  return findings;
}

Json as_json(const Findings& findings) {
  const MachineFacts& machine = findings.machine;
  Json json;
  json["version"] = SLM_VERSION;
  json["cpu"] = machine.cpu;
  json["cpu_features"] = machine.cpu_features;
  json["isa"] = findings.isa;
  json["usable_isas"] = findings.usable_isas;
  json["logical_cpus"] = machine.logical_cpus;
  json["physical_cores"] = machine.physical_cores;
  json["usable_cores"] = machine.usable_cores;
  json["memory_bytes"] = machine.memory_bytes;
  json["available_bytes"] = machine.available_bytes;
  json["cgroup_limit_bytes"] = machine.cgroup_limit_bytes ? Json(*machine.cgroup_limit_bytes) : Json(nullptr);
  json["store"] = findings.store;
  json["disk_free_bytes"] = findings.disk_free;
  json["read_gb_per_s"] = findings.read_gb_per_s;
  if (!findings.roofs.empty()) json["roofline"] = roofs_json(findings.roofs);
  return json;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

void print_people(const Findings& findings) {
  const MachineFacts& machine = findings.machine;
  FactsTable table;
  table.add("cli.doctor.cpu", machine.cpu);
  table.add("cli.doctor.features", joined(machine.cpu_features));
  table.add("cli.doctor.isa", tr("cli.doctor.isa_value", findings.isa, joined(findings.usable_isas)));
  table.add("cli.doctor.cores",
            tr("cli.doctor.cores_value", machine.usable_cores, machine.physical_cores, machine.logical_cpus));
  table.add("cli.doctor.memory",
            tr("cli.doctor.memory_value", format_bytes(machine.memory_bytes), format_bytes(machine.available_bytes)));
  table.add("cli.doctor.cgroup",
            machine.cgroup_limit_bytes ? format_bytes(*machine.cgroup_limit_bytes) : tr("cli.doctor.no_limit"));
  table.add("cli.doctor.disk", tr("cli.doctor.disk_value", format_bytes(findings.disk_free), findings.store));
  table.add("cli.doctor.bandwidth", fmt::format("{:.1f} GB/s", findings.read_gb_per_s));
  write_out(table.text());
  if (!findings.roofs.empty()) print_roofs(findings.roofs);
}

}  // namespace

Run setup_doctor(CLI::App& app) {
  const auto roofline = std::make_shared<bool>(false);
  app.add_flag("--roofline", *roofline, tr("cli.doctor.roofline"));
  return [roofline](const Context& context) -> Status {
    SLM_TRY(findings, look(*roofline));
    if (context.json) {
      print_json(as_json(findings));
    } else {
      print_people(findings);
    }
    return {};
  };
}

}  // namespace slm::cli
