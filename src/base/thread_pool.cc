#include "base/thread_pool.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace slm {
namespace {

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

// How long a thread waits awake. Spinning saves the 5 to 50 us a sleep and a wake cost; more of it burns the core (and
// the cgroup quota) of whoever we wait for.
struct Patience {
  std::chrono::nanoseconds spin;
  int yields;  // after spinning: gives the core away and looks again
};
constexpr Patience kOwnCore{std::chrono::microseconds(60), 2};
constexpr Patience kSharedCore{std::chrono::nanoseconds(500), 8};

// A counter that threads wait on until it moves: awake for a little, then asleep in the kernel.
class alignas(64) Gate {
 public:
  uint32_t value() const { return value_.load(std::memory_order_acquire); }

  // All that was written before is visible to those who return from wait().
  void advance() {
    value_.fetch_add(1, std::memory_order_seq_cst);
    // Either we see the sleeper here, or the sleeper sees the new value before it sleeps: both orders are sequentially
    // consistent, so not both can miss.
    if (sleepers_.load(std::memory_order_seq_cst) > 0) futex(FUTEX_WAKE_PRIVATE, INT_MAX);
  }

  // Returns once value() is no longer `old`.
  void wait(uint32_t old, const Patience& patience) {
    if (spin(old, patience)) return;
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    while (value_.load(std::memory_order_seq_cst) == old) futex(FUTEX_WAIT_PRIVATE, old);
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  bool spin(uint32_t old, const Patience& patience) const {
    using Clock = std::chrono::steady_clock;
    // The clock is read every few pauses only: the first ones catch a team that is in step.
    for (int i = 0; i < 64; ++i) {
      if (value() != old) return true;
      pause();
    }
    const Clock::time_point end = Clock::now() + patience.spin;
    while (Clock::now() < end) {
      for (int i = 0; i < 32; ++i) {
        if (value() != old) return true;
        pause();
      }
    }
    for (int i = 0; i < patience.yields; ++i) {
      if (value() != old) return true;
      sched_yield();
    }
    return value() != old;
  }

  void futex(int operation, uint32_t argument) {
    static_assert(sizeof(value_) == sizeof(uint32_t) && std::atomic<uint32_t>::is_always_lock_free);
    syscall(SYS_futex, reinterpret_cast<uint32_t*>(&value_), operation, argument, nullptr, nullptr, 0);
  }

  std::atomic<uint32_t> value_{0};
  std::atomic<uint32_t> sleepers_{0};
};

int allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return static_cast<int>(std::thread::hardware_concurrency());
  return CPU_COUNT(&set);
}

}  // namespace

struct ThreadPool::Impl {
  explicit Impl(int count) : size(count), patience(count > allowed_cpus() ? kSharedCore : kOwnCore) {}

  void work(ThreadPool* pool, int thread) {
    uint32_t seen = 0;
    for (;;) {
      started.wait(seen, patience);
      ++seen;
      if (stop) return;
      function(context, Team(pool, thread, size));
      if (running.fetch_sub(1, std::memory_order_acq_rel) == 1) finished.advance();
    }
  }

  const int size;
  const Patience patience;
  std::vector<std::thread> threads;

  // Written by the caller before started.advance(), read by the workers after it.
  Erased function = nullptr;
  const void* context = nullptr;
  bool stop = false;

  Gate started;
  Gate finished;
  alignas(64) std::atomic<int> running{0};
  alignas(64) std::atomic<int> arrived{0};
  Gate passed;  // barrier
};

ThreadPool::ThreadPool(int threads) : impl_(std::make_unique<Impl>(threads)) {
  SLM_CHECK(threads >= 1 && threads <= limits::kMaxThreads);
  impl_->threads.reserve(static_cast<size_t>(threads - 1));
  for (int i = 1; i < threads; ++i) impl_->threads.emplace_back([this, i] { impl_->work(this, i); });
}

ThreadPool::~ThreadPool() {
  impl_->stop = true;
  impl_->started.advance();
  for (std::thread& thread : impl_->threads) thread.join();
}

int ThreadPool::size() const { return impl_->size; }

void ThreadPool::run_erased(Erased function, const void* context) {
  Impl& impl = *impl_;
  if (impl.size == 1) {
    function(context, Team(this, 0, 1));
    return;
  }
  impl.function = function;
  impl.context = context;
  impl.running.store(impl.size, std::memory_order_relaxed);
  const uint32_t before = impl.finished.value();
  impl.started.advance();
  function(context, Team(this, 0, impl.size));
  // The last to finish opens the gate; when that is the caller, nobody waits.
  if (impl.running.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    impl.finished.advance();
  } else {
    impl.finished.wait(before, impl.patience);
  }
}

void Team::barrier() const {
  if (size_ == 1) return;
  ThreadPool::Impl& impl = *pool_->impl_;
  // The phase cannot move before we arrive.
  const uint32_t phase = impl.passed.value();
  if (impl.arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    impl.arrived.store(0, std::memory_order_relaxed);  // nobody arrives again before the gate opens
    impl.passed.advance();
  } else {
    impl.passed.wait(phase, impl.patience);
  }
}

Team::Share Team::share(size_t items, size_t grain) const {
  if (grain == 0) grain = 1;
  const size_t units = items / grain + (items % grain != 0 ? 1 : 0);
  const size_t n = static_cast<size_t>(size_), t = static_cast<size_t>(thread_);
  // The first `units % n` threads take one unit more.
  const size_t each = units / n, more = units % n;
  const size_t first = t * each + (t < more ? t : more);
  const size_t last = first + each + (t < more ? 1 : 0);
  auto item = [&](size_t unit) { return unit >= units ? items : unit * grain; };
  return {item(first), item(last)};
}

}  // namespace slm
