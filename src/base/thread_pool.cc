#include "base/thread_pool.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>
#include <deque>
#include <thread>

#include "base/limits.h"
#include "base/result.h"
#include "base/team_size.h"

namespace slm {
namespace {

using Clock = std::chrono::steady_clock;

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
    if (late_.load(std::memory_order_relaxed) > 0) opened_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    value_.fetch_add(1, std::memory_order_seq_cst);
    // Either we see the sleeper here, or the sleeper sees the new value before it sleeps: both orders are sequentially
    // consistent, so not both can miss.
    if (late_.load(std::memory_order_seq_cst) > 0) futex(FUTEX_WAKE_PRIVATE, INT_MAX);
  }

  // Returns once value() is no longer `old`. Of a wait longer than the patience, how long it took until the gate opened (the time to
  // come back from there is what others wait for next); zero of a shorter one.
  Clock::duration wait(uint32_t old, const Patience& patience) {
    if (moves_at_once(old)) return {};
    const Clock::time_point start = Clock::now();
    if (moves_before(old, start + patience.spin)) return {};
    late_.fetch_add(1, std::memory_order_seq_cst);
    if (!moves_when_yielded(old, patience.yields)) {
      while (value_.load(std::memory_order_seq_cst) == old) futex(FUTEX_WAIT_PRIVATE, old);
    }
    late_.fetch_sub(1, std::memory_order_relaxed);
    const Clock::time_point opened{Clock::duration(opened_.load(std::memory_order_relaxed))};
    return opened > start ? opened - start : Clock::now() - start;
  }

 private:
  // Without the clock: catches a team that is in step.
  bool moves_at_once(uint32_t old) const {
    for (int i = 0; i < 64; ++i) {
      if (value() != old) return true;
      pause();
    }
    return false;
  }

  bool moves_before(uint32_t old, Clock::time_point end) const {
    while (Clock::now() < end) {
      for (int i = 0; i < 32; ++i) {
        if (value() != old) return true;
        pause();
      }
    }
    return false;
  }

  bool moves_when_yielded(uint32_t old, int yields) const {
    for (int i = 0; i < yields; ++i) {
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
  std::atomic<uint32_t> late_{0};  // those whose patience is over: asleep, or about to be
  std::atomic<Clock::rep> opened_{0};
};

int allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return static_cast<int>(std::thread::hardware_concurrency());
  return CPU_COUNT(&set);
}

}  // namespace

struct ThreadPool::Impl {
  Impl(int count, Teams kind) : size(count), teams(kind), patience(count > allowed_cpus() ? kSharedCore : kOwnCore), team_size(count) {}

  struct Worker {
    Gate started;
    std::thread thread;
  };

  void work(ThreadPool* pool, int number, Worker& self) {
    uint32_t seen = 0;
    for (;;) {
      self.started.wait(seen, patience);
      ++seen;
      if (stop) return;
      function(context, Team(pool, number, team));
      if (running.fetch_sub(1, std::memory_order_acq_rel) == 1) finished.advance();
    }
  }

  // The first `count` workers.
  void start(int count) {
    for (int i = 0; i < count; ++i) workers[static_cast<size_t>(i)].started.advance();
  }

  void run(ThreadPool* pool);
  void note(Clock::time_point begin, Clock::time_point end);

  const int size;
  const Teams teams;
  const Patience patience;
  std::deque<Worker> workers;  // of threads 1, 2 and so on

  // Written by the caller before it starts a worker, read by that worker.
  Erased function = nullptr;
  const void* context = nullptr;
  int team = 0;
  bool stop = false;

  Gate finished;
  alignas(64) std::atomic<int> running{0};
  alignas(64) std::atomic<int> arrived{0};
  Gate passed;  // barrier
  std::atomic<Clock::rep> waited{0};  // in this run, by all threads

  // The caller's.
  TeamSize team_size;
  Clock::duration time{}, time_on_fewer{};  // of runs of the whole team, and of the others
};

ThreadPool::ThreadPool(int threads, Teams teams) : impl_(std::make_unique<Impl>(threads, teams)) {
  SLM_CHECK(threads >= 1 && threads <= limits::kMaxThreads);
  for (int i = 1; i < threads; ++i) {
    Impl::Worker& worker = impl_->workers.emplace_back();
    worker.thread = std::thread([this, i, &worker] { impl_->work(this, i, worker); });
  }
}

ThreadPool::~ThreadPool() {
  impl_->stop = true;
  impl_->start(impl_->size - 1);
  for (Impl::Worker& worker : impl_->workers) worker.thread.join();
}

int ThreadPool::size() const { return impl_->size; }

double ThreadPool::share_on_fewer_threads() const {
  const Clock::duration all = impl_->time + impl_->time_on_fewer;
  return all > Clock::duration::zero() ? static_cast<double>(impl_->time_on_fewer.count()) / static_cast<double>(all.count()) : 0;
}

void ThreadPool::run_erased(Erased function, const void* context) {
  Impl& impl = *impl_;
  impl.function = function;
  impl.context = context;
  impl.team = impl.team_size.size();
  impl.waited.store(0, std::memory_order_relaxed);
  const Clock::time_point begin = Clock::now();
  impl.run(this);
  impl.note(begin, Clock::now());
}

void ThreadPool::Impl::run(ThreadPool* pool) {
  if (team == 1) return function(context, Team(pool, 0, 1));
  running.store(team, std::memory_order_relaxed);
  const uint32_t before = finished.value();
  start(team - 1);
  function(context, Team(pool, 0, team));
  // The last to finish opens the gate; when that is the caller, nobody waits.
  if (running.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    finished.advance();
  } else {
    waited.fetch_add(finished.wait(before, patience).count(), std::memory_order_relaxed);
  }
}

void ThreadPool::Impl::note(Clock::time_point begin, Clock::time_point end) {
  (team == size ? time : time_on_fewer) += end - begin;
  if (teams == Teams::kAsItPays) team_size.ran(begin, end, Clock::duration(waited.load(std::memory_order_relaxed)));
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
    const Clock::duration waited = impl.passed.wait(phase, impl.patience);
    if (waited > Clock::duration::zero()) impl.waited.fetch_add(waited.count(), std::memory_order_relaxed);
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
