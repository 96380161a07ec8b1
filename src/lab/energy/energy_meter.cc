#include "lab/energy/energy_meter.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "lab/energy/energy_source.h"

namespace slm::lab {
namespace {

constexpr std::chrono::duration<double> kIdleStep{0.1};  // how soon an interrupt ends a baseline

double now_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct Reading {
  double joules = 0, seconds = 0;
};

}  // namespace

// The source, read in time by a thread and whenever asked. An error stays.
struct EnergyMeter::Reader {
  explicit Reader(std::unique_ptr<EnergySource> opened) : source(std::move(opened)), thread([this] { keep_up(); }) {}
  ~Reader() {
    {
      const std::lock_guard lock(mutex);
      ends = true;
    }
    wake.notify_one();
    thread.join();
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void keep_up() {
    std::unique_lock lock(mutex);
    const std::chrono::duration<double> period(source->period());
    while (!wake.wait_for(lock, period, [this] { return ends; })) (void)read_locked();
  }
  Result<Reading> read() {
    const std::lock_guard lock(mutex);
    return read_locked();
  }
  Result<Reading> read_locked() {
    if (broken) return tl::unexpected<Error>(*broken);
    const double now = now_seconds();
    auto joules = source->joules(now);
    if (joules) return Reading{*joules, now};
    broken = joules.error();
    return tl::unexpected<Error>(*broken);
  }

  std::mutex mutex;
  std::condition_variable wake;
  bool ends = false;
  std::optional<Error> broken;
  std::unique_ptr<EnergySource> source;
  std::thread thread;  // last: it uses all of the above
};

EnergyMeter::EnergyMeter(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
EnergyMeter::EnergyMeter(EnergyMeter&&) noexcept = default;
EnergyMeter& EnergyMeter::operator=(EnergyMeter&&) noexcept = default;
EnergyMeter::~EnergyMeter() = default;

Result<EnergyMeter> EnergyMeter::of_gpus(const std::vector<unsigned>& gpus, const std::string& library) {
  SLM_TRY(source, open_nvml(library, now_seconds(), gpus));
  return EnergyMeter(std::make_unique<Reader>(std::move(source)));
}

Result<EnergyMeter> EnergyMeter::probe(const std::string& root) {
  auto rapl = open_rapl(root);
  if (rapl) return EnergyMeter(std::make_unique<Reader>(std::move(*rapl)));
  auto battery = open_battery(root, now_seconds());
  if (battery) return EnergyMeter(std::make_unique<Reader>(std::move(*battery)));
  // The counters' reason, unless the machine has none and a battery that is not in use.
  const bool has_counters = rapl.error().message.key != "lab.energy.no_rapl";
  const bool has_battery = battery.error().message.key != "lab.energy.no_battery";
  return tl::unexpected<Error>(!has_counters && has_battery ? battery.error() : rapl.error());
}

Message EnergyMeter::scope() const { return reader_->source->scope(); }

Status EnergyMeter::measure_idle(std::chrono::duration<double> duration, const std::function<bool()>& keep_going) {
  SLM_TRY(before, reader_->read());
  const double end = before.seconds + duration.count();
  for (double left = duration.count(); left > 0 && (!keep_going || keep_going()); left = end - now_seconds()) {
    std::this_thread::sleep_for(std::min(kIdleStep, std::chrono::duration<double>(left)));
  }
  SLM_TRY(after, reader_->read());
  idle_joules_ += after.joules - before.joules;
  idle_seconds_ += after.seconds - before.seconds;
  return {};
}

std::optional<double> EnergyMeter::idle_watts() const {
  if (idle_seconds_ <= 0) return std::nullopt;
  return idle_joules_ / idle_seconds_;
}

Status EnergyMeter::start() {
  SLM_TRY(reading, reader_->read());
  start_joules_ = reading.joules;
  start_seconds_ = reading.seconds;
  return {};
}

Result<EnergyUse> EnergyMeter::stop() {
  SLM_TRY(reading, reader_->read());
  return EnergyUse{reading.seconds - start_seconds_, reading.joules - start_joules_};
}

double EnergyUse::net_joules(double idle_watts) const { return std::max(0.0, gross_joules - idle_watts * seconds); }

}  // namespace slm::lab
