// A team of threads that run one function together, spinning briefly between jobs and then sleeping.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace slm {

class ThreadPool;

// What a job sees of the team it runs in.
class Team {
 public:
  int thread() const { return thread_; }  // 0 .. size()-1; 0 is the caller of run()
  int size() const { return size_; }

  // Returns in every thread once all of the team have arrived; what was written before is visible after.
  void barrier() const;

  // This thread's share [begin, end) of `items`, in units of `grain`: contiguous, by thread number.
  struct Share {
    size_t begin, end;
  };
  Share share(size_t items, size_t grain = 1) const;

 private:
  friend class ThreadPool;
  Team(ThreadPool* pool, int thread, int size) : pool_(pool), thread_(thread), size_(size) {}
  ThreadPool* pool_;
  int thread_;
  int size_;
};

// How many of a pool's threads run a job.
enum class Teams {
  kWhole,    // all
  kAsItPays  // fewer while the threads lose more by waiting for each other than one of them does: see TeamSize
};

class ThreadPool {
 public:
  // `threads` counts the caller: threads - 1 are started. REQUIRES: 1 <= threads <= limits::kMaxThreads.
  explicit ThreadPool(int threads, Teams teams = Teams::kWhole);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const;  // the most a team has

  // Of all runs' time, that of teams smaller than size(): 0 to 1. By the caller of run().
  double share_on_fewer_threads() const;

  // Runs job(team) once in every thread of a team, the caller's among them, and returns when all have finished.
  // One run at a time, from one thread; a job may not call run(). The job must not throw.
  template <class Job>
  void run(const Job& job) {
    run_erased([](const void* context, const Team& team) { (*static_cast<const Job*>(context))(team); }, &job);
  }

 private:
  friend class Team;
  using Erased = void (*)(const void* context, const Team& team);
  void run_erased(Erased function, const void* context);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm
