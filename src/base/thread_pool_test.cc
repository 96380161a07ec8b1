#include "base/thread_pool.h"

#include <sched.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace slm {
namespace {

TEST(ThreadPool, RunsTheJobOnceInEveryThread) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    std::vector<int> runs(static_cast<size_t>(threads), 0);
    for (int round = 0; round < 100; ++round) {
      pool.run([&](const Team& team) {
        ASSERT_EQ(team.size(), threads);
        ++runs[static_cast<size_t>(team.thread())];
      });
    }
    for (const int count : runs) EXPECT_EQ(count, 100);
  }
}

TEST(ThreadPool, CallerIsThreadZero) {
  ThreadPool pool(3);
  const auto caller = std::this_thread::get_id();
  std::atomic<bool> right{true};
  pool.run([&](const Team& team) {
    if ((team.thread() == 0) != (std::this_thread::get_id() == caller)) right = false;
  });
  EXPECT_TRUE(right);
}

TEST(ThreadPool, BarrierMakesWritesVisible) {
  for (const int threads : {2, 5}) {
    ThreadPool pool(threads);
    std::vector<int> values(static_cast<size_t>(threads), 0);
    std::atomic<int> wrong{0};
    pool.run([&](const Team& team) {
      for (int round = 1; round <= 300; ++round) {
        values[static_cast<size_t>(team.thread())] = round;
        team.barrier();
        for (const int value : values) wrong += value != round;
        team.barrier();
      }
    });
    EXPECT_EQ(wrong, 0);
  }
}

// Far more threads than CPUs: whoever spins keeps the one it waits for from running, so sleeping must set in.
TEST(ThreadPool, ManyThreadsOnFewCoresGoOn) {
  const auto start = std::chrono::steady_clock::now();
  ThreadPool pool(64);
  std::atomic<int> sum{0};
  pool.run([&](const Team& team) {
    for (int round = 0; round < 50; ++round) {
      sum += 1;
      team.barrier();
    }
  });
  EXPECT_EQ(sum, 64 * 50);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_LT(seconds, 20);  // about 0.1 s on 2 cores; the bound is for sanitizers and busy machines
}

TEST(ThreadPool, WakesAfterSleeping) {
  ThreadPool pool(4);
  std::atomic<int> runs{0};
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    pool.run([&](const Team&) { ++runs; });
  }
  EXPECT_EQ(runs, 20);
}

TEST(ThreadPool, SlowMemberIsWaitedFor) {
  ThreadPool pool(3);
  bool done = false;
  pool.run([&](const Team& team) {
    if (team.thread() == 2) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      done = true;
    }
  });
  EXPECT_TRUE(done);
}

TEST(ThreadPool, SharesCoverAllItemsOnceInOrder) {
  for (const int threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    for (const size_t items : {0u, 1u, 5u, 64u, 1000u}) {
      for (const size_t grain : {1u, 4u, 32u}) {
        std::vector<Team::Share> shares(static_cast<size_t>(threads));
        pool.run([&](const Team& team) { shares[static_cast<size_t>(team.thread())] = team.share(items, grain); });
        size_t at = 0;
        for (const Team::Share& share : shares) {
          EXPECT_EQ(share.begin, at);
          EXPECT_GE(share.end, share.begin);
          EXPECT_TRUE(share.end == items || share.end % grain == 0);
          at = share.end;
        }
        EXPECT_EQ(at, items);
        // No share is more than one unit longer than another's.
        EXPECT_LE(shares.front().end - shares.front().begin, items / static_cast<size_t>(threads) + grain);
      }
    }
  }
}

TEST(ThreadPool, PoolsLiveSideBySide) {
  std::vector<std::thread> callers;
  std::atomic<int> runs{0};
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      ThreadPool pool(3);
      for (int round = 0; round < 50; ++round) {
        pool.run([&](const Team& team) {
          team.barrier();
          ++runs;
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(runs, 3 * 3 * 50);
}

// A thread that is late at each barrier, as one without a core is: it is left out, then tried again.
TEST(ThreadPool, LeavesOutAThreadThatAllWaitFor) {
  ThreadPool pool(2, Teams::kAsItPays);
  const auto late = [](const Team& team) {
    for (int i = 0; i < 3; ++i) {
      if (team.thread() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      team.barrier();
    }
  };
  const auto run = [&] {
    std::atomic<int> size{0}, runs{0};
    pool.run([&](const Team& team) {
      size = team.size();
      ++runs;
      late(team);
    });
    EXPECT_EQ(size, runs);
    return size.load();
  };
  EXPECT_EQ(run(), 2);
  while (run() == 2) {}
  EXPECT_GT(pool.share_on_fewer_threads(), 0);
  while (run() == 1) {}
  EXPECT_LT(pool.share_on_fewer_threads(), 1);
  EXPECT_EQ(pool.size(), 2);
}

TEST(ThreadPool, AWholeTeamRunsHoweverLateAThreadIs) {
  ThreadPool pool(2);
  for (int round = 0; round < 12; ++round) {
    pool.run([&](const Team& team) {
      EXPECT_EQ(team.size(), 2);
      if (team.thread() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    });
  }
  EXPECT_EQ(pool.share_on_fewer_threads(), 0);
}

TEST(ThreadPoolDeath, RefusesNoThreads) { EXPECT_DEATH(ThreadPool(0), "threads >= 1"); }

}  // namespace
}  // namespace slm
