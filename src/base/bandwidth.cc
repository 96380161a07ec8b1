#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <vector>

#include "base/huge_page_bandwidth.h"
#include "base/limits.h"
#include "base/machine.h"
#include "base/thread_pool.h"

namespace slm {
namespace {

constexpr int kPasses = 5;
constexpr size_t kGrain = 64 * 64;  // words: whole pages for each thread
constexpr size_t kAhead = 2048;  // words asked for before they are read, 16 KB, as products of one token do; past the end too: a wish alone

// Eight independent chains: one alone would wait for its own additions instead of for memory.
uint64_t sum(const uint64_t* words, size_t begin, size_t end) {
  uint64_t chains[8] = {};
  size_t i = begin;
  for (; i + 8 <= end; i += 8) {
    __builtin_prefetch(words + i + kAhead);
    for (size_t j = 0; j < 8; ++j) chains[j] += words[i + j];
  }
  uint64_t total = 0;
  for (const uint64_t chain : chains) total += chain;
  for (; i < end; ++i) total += words[i];
  return total;
}

double measure(int threads, uint64_t bytes, bool huge_pages) {
  threads = std::clamp(threads, 1, limits::kMaxThreads);
  // A measurement must not push others out of memory.
  bytes = std::min(bytes, machine_facts().available_bytes / 4) / 4096 * 4096;
  if (bytes == 0) return 0;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 0;
  if (huge_pages) madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: without it the figure is that of small pages
  auto* words = static_cast<uint64_t*>(memory);
  const size_t count = bytes / sizeof(uint64_t);
  std::atomic<uint64_t> sink{0};
  std::vector<double> rates;
  {
    ThreadPool pool(threads);
    // Each page is written by the thread that reads it later: it then lies in that thread's memory. Untouched pages would
    // all be the one zero page.
    pool.run([&](const Team& team) {
      const Team::Share share = team.share(count, kGrain);
      std::memset(words + share.begin, 1, (share.end - share.begin) * sizeof(uint64_t));
    });
    for (int pass = 0; pass < kPasses; ++pass) {
      const auto start = std::chrono::steady_clock::now();
      pool.run([&](const Team& team) {
        const Team::Share share = team.share(count, kGrain);
        sink += sum(words, share.begin, share.end);
      });
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      rates.push_back(static_cast<double>(bytes) / seconds / 1e9);
    }
  }
  munmap(memory, bytes);
  std::nth_element(rates.begin(), rates.begin() + kPasses / 2, rates.end());
  return rates[kPasses / 2];
}

}  // namespace

double measure_read_bandwidth(int threads, uint64_t bytes) { return measure(threads, bytes, false); }
double measure_huge_page_bandwidth(int threads, uint64_t bytes) { return measure(threads, bytes, true); }

}  // namespace slm
