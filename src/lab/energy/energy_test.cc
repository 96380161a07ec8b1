#include <cstdlib>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/temporary_directory.h"
#include "lab/energy/energy_meter.h"
#include "lab/energy/energy_source.h"
#include "lab/energy/gpu_memory.h"

namespace slm::lab {
namespace {

// A /sys with energy counters and batteries in it.
class FakeMachine {
 public:
  const std::string& root() const { return root_.path(); }
  void domain(const std::string& zone, const std::string& name, const std::string& energy, const std::string& range = "1000000") {
    const std::string folder = "sys/class/powercap/" + zone + "/";
    root_.write(folder + "name", name + "\n");
    root_.write(folder + "energy_uj", energy + "\n");
    root_.write(folder + "max_energy_range_uj", range + "\n");
  }
  void battery(const std::string& name, const std::string& file, const std::string& value) {
    root_.write("sys/class/power_supply/" + name + "/type", "Battery\n");
    root_.write("sys/class/power_supply/" + name + "/" + file, value + "\n");
  }

 private:
  TemporaryDirectory root_;
};

TEST(Rapl, CountsPackagesAndMemoryOnceAndNothingNested) {
  FakeMachine machine;
  machine.domain("intel-rapl", "intel-rapl", "1");  // the control type
  machine.domain("intel-rapl:0", "package-0", "100");
  machine.domain("intel-rapl:0:0", "core", "100");
  machine.domain("intel-rapl:0:1", "dram", "100");
  machine.domain("intel-rapl:1", "package-1", "100");
  machine.domain("intel-rapl:1:0", "dram", "100");
  machine.domain("intel-rapl:2", "psys", "100");
  machine.domain("intel-rapl-mmio:0", "package-0", "100");
  auto rapl = open_rapl(machine.root());
  ASSERT_TRUE(rapl);
  EXPECT_EQ((*rapl)->scope().key, "lab.energy.package_and_memory");
  for (const char* zone : {"intel-rapl:0", "intel-rapl-mmio:0"}) machine.domain(zone, "package-0", "1100");
  machine.domain("intel-rapl:0:0", "core", "900100");
  machine.domain("intel-rapl:0:1", "dram", "20100");
  machine.domain("intel-rapl:1", "package-1", "300100");
  machine.domain("intel-rapl:1:0", "dram", "4000100");
  machine.domain("intel-rapl:2", "psys", "7000100");
  EXPECT_NEAR((*rapl)->joules(1).value_or(-1), (1000 + 20000 + 300000 + 4000000) * 1e-6, 1e-12);
}

TEST(Rapl, CountersGoRound) {
  FakeMachine machine;
  machine.domain("intel-rapl:0", "package-0", "999000", "999999");
  auto rapl = open_rapl(machine.root());
  ASSERT_TRUE(rapl);
  EXPECT_EQ((*rapl)->scope().key, "lab.energy.package");
  machine.domain("intel-rapl:0", "package-0", "1", "999999");
  EXPECT_NEAR((*rapl)->joules(1).value_or(-1), 1000e-6, 1e-12);
  machine.domain("intel-rapl:0", "package-0", "500001", "999999");
  EXPECT_NEAR((*rapl)->joules(2).value_or(-1), 501000e-6, 1e-12);
}

TEST(Rapl, PlatformDomainAlone) {
  FakeMachine machine;
  machine.domain("intel-rapl:0", "psys", "5");
  auto rapl = open_rapl(machine.root());
  ASSERT_TRUE(rapl);
  EXPECT_EQ((*rapl)->scope().key, "lab.energy.platform");
}

TEST(Rapl, SaysWhyItCannotBeRead) {
  FakeMachine machine;
  EXPECT_EQ(open_rapl(machine.root()).error().message.key, "lab.energy.no_rapl");
  machine.domain("intel-rapl:0", "package-0", "not a number");
  const auto rapl = open_rapl(machine.root());
  ASSERT_FALSE(rapl);
  EXPECT_EQ(rapl.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(rapl.error().message.key, "lab.energy.rapl_unreadable");
  EXPECT_FALSE(rapl.error().hint.empty());
}

TEST(Battery, IntegratesPowerWhileDischarging) {
  FakeMachine machine;
  machine.battery("BAT0", "status", "Discharging");
  machine.battery("BAT0", "power_now", "10000000");  // microwatts
  machine.battery("BAT1", "status", "Not charging");
  machine.battery("hidpp_battery_0", "scope", "Device");  // a mouse
  machine.battery("hidpp_battery_0", "status", "Discharging");
  auto battery = open_battery(machine.root(), 100);
  ASSERT_TRUE(battery);
  EXPECT_NEAR((*battery)->joules(102).value_or(-1), 20, 1e-9);
  machine.battery("BAT0", "power_now", "-20000000");  // some drivers count a discharge below zero
  EXPECT_NEAR((*battery)->joules(104).value_or(-1), 50, 1e-9);
  machine.battery("BAT0", "status", "Charging");
  EXPECT_EQ((*battery)->joules(105).error().message.key, "lab.energy.plugged_in");
}

TEST(Battery, CurrentTimesVoltage) {
  FakeMachine machine;
  machine.battery("BAT0", "status", "Discharging");
  machine.battery("BAT0", "current_now", "1500000");
  machine.battery("BAT0", "voltage_now", "12000000");
  auto battery = open_battery(machine.root(), 0);
  ASSERT_TRUE(battery);
  EXPECT_NEAR((*battery)->joules(1).value_or(-1), 18, 1e-9);
}

TEST(Battery, SaysWhyItIsNotUsed) {
  FakeMachine machine;
  EXPECT_EQ(open_battery(machine.root(), 0).error().message.key, "lab.energy.no_battery");
  machine.battery("BAT0", "status", "Full");
  EXPECT_EQ(open_battery(machine.root(), 0).error().message.key, "lab.energy.plugged_in");
  EXPECT_EQ(open_battery(machine.root(), 0).error().kind, ErrorKind::kNotFound);
}

TEST(Gpu, ReadsItsCounterOrItsPower) {
  setenv("FAKE_NVML_ENERGY", "5000", 1);
  auto counted = open_nvml(FAKE_NVML, 0);
  ASSERT_TRUE(counted);
  EXPECT_EQ((*counted)->scope().key, "lab.energy.gpu");
  EXPECT_EQ((*counted)->scope().args, std::vector<std::string>{"Fake 100"});
  setenv("FAKE_NVML_ENERGY", "7500", 1);
  EXPECT_NEAR((*counted)->joules(1).value_or(-1), 2.5, 1e-9);
  unsetenv("FAKE_NVML_ENERGY");
  EXPECT_EQ((*counted)->joules(2).error().message.key, "lab.energy.gpu_lost");
  auto sampled = open_nvml(FAKE_NVML, 10);
  ASSERT_TRUE(sampled);
  EXPECT_EQ((*sampled)->scope().key, "lab.energy.gpu_sampled");
  EXPECT_NEAR((*sampled)->joules(13).value_or(-1), 300, 1e-9);
  EXPECT_EQ(open_nvml("libno-such-library.so.1", 0).error().message.key, "lab.energy.no_gpu");
}

// Settings of the fake library, taken back at the end.
class NvmlSettings {
 public:
  ~NvmlSettings() {
    for (const std::string& name : names_) unsetenv(name.c_str());
  }
  void set(const std::string& name, const std::string& value) {
    setenv(("FAKE_NVML_" + name).c_str(), value.c_str(), 1);
    names_.push_back("FAKE_NVML_" + name);
  }

 private:
  std::vector<std::string> names_;
};

TEST(Gpu, SeveralAreAddedUp) {
  NvmlSettings settings;
  settings.set("GPUS", "3");
  auto two = open_nvml(FAKE_NVML, 0, {0, 2});
  ASSERT_TRUE(two) << two.error().text();
  EXPECT_EQ((*two)->scope().args, std::vector<std::string>{"Fake 100, Fake 100"});
  EXPECT_NEAR((*two)->joules(1).value_or(-1), 200, 1e-9);
  EXPECT_FALSE(open_nvml(FAKE_NVML, 0, {3}));
}

TEST(Gpu, ReadingsThatNoGpuGivesAreNamed) {
  NvmlSettings settings;
  settings.set("ENERGY", "5000");
  auto counted = open_nvml(FAKE_NVML, 0);
  ASSERT_TRUE(counted);
  settings.set("ENERGY", "999999999999");
  EXPECT_EQ((*counted)->joules(1).error().message.key, "lab.gpu.no_such_energy");
  unsetenv("FAKE_NVML_ENERGY");
  auto sampled = open_nvml(FAKE_NVML, 0);
  ASSERT_TRUE(sampled);
  settings.set("WATTS", "4000000");
  EXPECT_EQ((*sampled)->joules(1).error().message.key, "lab.gpu.no_such_power");
  settings.set("LIE", "silent");
  EXPECT_EQ(open_nvml(FAKE_NVML, 0).error().message.key, "lab.gpu.no_energy");
  settings.set("GPUS", "4000000000");
  EXPECT_EQ(open_nvml(FAKE_NVML, 0).error().message.key, "lab.gpu.too_many");
  settings.set("GPUS", "0");
  EXPECT_EQ(open_nvml(FAKE_NVML, 0).error().message.key, "lab.energy.no_gpu");
}

TEST(GpuMemory, IsThatOfTheProcessesOnEveryGpu) {
  NvmlSettings settings;
  settings.set("GPUS", "2");
  std::string many;
  for (int i = 0; i < 500; ++i) many += std::to_string(10'000 + i) + ":1@0,";
  settings.set("PROCESSES", many + "7:1000@0,7:200@1,8:30@1,9:9000@1");
  const auto use = gpu_use_of({7, 8}, FAKE_NVML);
  ASSERT_TRUE(use) << use.error().text();
  EXPECT_EQ(use->bytes, 1230u);
  EXPECT_EQ(use->gpus, (std::vector<unsigned>{0, 1}));
  EXPECT_EQ(gpu_use_of({9}, FAKE_NVML)->gpus, std::vector<unsigned>{1});
  EXPECT_EQ(gpu_use_of({6}, FAKE_NVML).error().message.key, "lab.gpu.not_on_it");
  EXPECT_EQ(gpu_use_of({7}, "libno-such-library.so.1").error().message.key, "lab.energy.no_gpu");
}

TEST(GpuMemory, AnswersThatCannotBeAreNamed) {
  NvmlSettings settings;
  const auto reason = [&](const std::string& name, const std::string& value) {
    settings.set(name, value);
    const auto use = gpu_use_of({7}, FAKE_NVML);
    EXPECT_FALSE(use) << value;
    return use ? std::string() : std::string(use.error().message.key);
  };
  EXPECT_EQ(reason("PROCESSES", "7:18446744073709551615@0"), "lab.gpu.untold");
  EXPECT_EQ(reason("PROCESSES", "7:80000000001@0"), "lab.gpu.more_than_there_is");
  EXPECT_EQ(reason("PROCESSES", "7:79999999999@0,7:2@0"), "lab.gpu.more_than_there_is");
  EXPECT_EQ(reason("LIE", "count"), "lab.gpu.too_many_processes");
  EXPECT_EQ(reason("LIE", "endless"), "lab.gpu.too_many_processes");
  EXPECT_EQ(reason("LIE", "refuses"), "lab.gpu.refused");
}

TEST(EnergyMeter, OfGpus) {
  auto meter = EnergyMeter::of_gpus({0}, FAKE_NVML);
  ASSERT_TRUE(meter) << meter.error().text();
  EXPECT_EQ(meter->scope().key, "lab.energy.gpu_sampled");
  EXPECT_EQ(EnergyMeter::of_gpus({5}, FAKE_NVML).error().message.key, "lab.energy.no_gpu");
}

TEST(EnergyMeter, GrossAndNetOfIdle) {
  FakeMachine machine;
  machine.battery("BAT0", "status", "Discharging");
  machine.battery("BAT0", "power_now", "4000000");
  auto meter = EnergyMeter::probe(machine.root());
  ASSERT_TRUE(meter) << meter.error().text();
  EXPECT_EQ(meter->scope().key, "lab.energy.battery");
  EXPECT_FALSE(meter->idle_watts());
  ASSERT_TRUE(meter->measure_idle(std::chrono::milliseconds(150)));
  EXPECT_NEAR(meter->idle_watts().value_or(-1), 4, 0.1);
  ASSERT_TRUE(meter->start());
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto use = meter->stop();
  ASSERT_TRUE(use);
  EXPECT_GE(use->seconds, 0.1);
  EXPECT_NEAR(use->gross_joules, 4 * use->seconds, 0.02);
  EXPECT_NEAR(use->net_joules(1), 3 * use->seconds, 0.02);
  EXPECT_EQ(use->net_joules(100), 0);
  machine.battery("BAT0", "status", "Charging");
  EXPECT_EQ(meter->stop().error().message.key, "lab.energy.plugged_in");
  machine.battery("BAT0", "status", "Discharging");
  EXPECT_FALSE(meter->stop());  // the gap cannot be mended
}

TEST(EnergyMeter, IdleEndsWhenAsked) {
  FakeMachine machine;
  machine.domain("intel-rapl:0", "package-0", "5");
  auto meter = EnergyMeter::probe(machine.root());
  ASSERT_TRUE(meter);
  ASSERT_TRUE(meter->measure_idle(std::chrono::hours(1), [] { return false; }));
}

TEST(EnergyMeter, NotMeasuredWithItsReason) {
  FakeMachine machine;
  EXPECT_EQ(EnergyMeter::probe(machine.root()).error().message.key, "lab.energy.no_rapl");
  machine.battery("BAT0", "status", "Full");
  EXPECT_EQ(EnergyMeter::probe(machine.root()).error().message.key, "lab.energy.plugged_in");
  machine.domain("intel-rapl:0", "package-0", "");
  EXPECT_EQ(EnergyMeter::probe(machine.root()).error().message.key, "lab.energy.rapl_unreadable");
}

}  // namespace
}  // namespace slm::lab
