#include "cli/roofline.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "base/huge_page_bandwidth.h"
#include "base/machine.h"
#include "base/message.h"
#include "base/thread_pool.h"
#include "cli/aligned_columns.h"
#include "cli/command.h"
#include "kernels/peaks.h"

namespace slm::cli {
namespace {

constexpr int kPasses = 5;
constexpr double kPassSeconds = 0.05;  // long enough for a core to reach its clock

double seconds_of(ThreadPool& pool, uint64_t (*products)(uint64_t), uint64_t rounds, uint64_t& done) {
  std::atomic<uint64_t> sum{0};
  const auto start = std::chrono::steady_clock::now();
  pool.run([&](const Team&) { sum += products(rounds); });
  done = sum;
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The best pass: what a neighbour took from the others is not the machine's limit. 10^9 multiply-adds a second.
double peak_rate(ThreadPool& pool, uint64_t (*products)(uint64_t)) {
  uint64_t rounds = 1000, done = 0;
  while (seconds_of(pool, products, rounds, done) < kPassSeconds) rounds *= 2;
  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    const double seconds = seconds_of(pool, products, rounds, done);
    best = std::max(best, static_cast<double>(done) / seconds / 1e9);
  }
  return best;
}

}  // namespace

Roof measure_roof(const kernels::KernelTable& table, int threads) {
  const kernels::PeakProducts& peaks = kernels::peak_products(table);
  ThreadPool pool(threads);
  Roof roof;
  roof.threads = threads;
  roof.read_gb_per_s = measure_read_bandwidth(threads);
  roof.huge_page_gb_per_s = measure_huge_page_bandwidth(threads);
  roof.byte_gmac_per_s = peak_rate(pool, peaks.bytes);
  roof.float_gmac_per_s = peak_rate(pool, peaks.floats);
  return roof;
}

std::vector<Roof> measure_roofs(const kernels::KernelTable& table, int threads) {
  std::vector<Roof> roofs = {measure_roof(table, 1)};
  if (threads > 1) roofs.push_back(measure_roof(table, threads));
  return roofs;
}

Json roofs_json(const std::vector<Roof>& roofs) {
  Json json = Json::array();
  for (const Roof& roof : roofs) {
    json.push_back({{"threads", roof.threads},
                    {"read_gb_per_s", roof.read_gb_per_s},
                    {"huge_page_read_gb_per_s", roof.huge_page_gb_per_s},
                    {"int8_gmac_per_s", roof.byte_gmac_per_s},
                    {"fp32_gmac_per_s", roof.float_gmac_per_s}});
  }
  return json;
}

void print_roofs(const std::vector<Roof>& roofs) {
  std::vector<std::vector<std::string>> rows = {{tr("cli.roofline.threads"), tr("cli.roofline.read"), tr("cli.roofline.huge"),
                                                 tr("cli.roofline.bytes"), tr("cli.roofline.floats")}};
  for (const Roof& roof : roofs) {
    rows.push_back({std::to_string(roof.threads), fmt::format("{:.1f} GB/s", roof.read_gb_per_s),
                    fmt::format("{:.1f} GB/s", roof.huge_page_gb_per_s), fmt::format("{:.0f} GMAC/s", roof.byte_gmac_per_s),
                    fmt::format("{:.0f} GMAC/s", roof.float_gmac_per_s)});
  }
  write_out("\n" + aligned_columns(rows) + tr("cli.roofline.reading") + "\n");
}

}  // namespace slm::cli
