#include "base/team_size.h"

#include <algorithm>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace slm {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kJob{5};
using Loss = std::function<double(int size)>;  // of a team's time: 0 to 1

// Jobs one after another for `length`, without pauses; the time that teams of each size had.
struct Course {
  TeamSize team;
  TeamSize::Clock::time_point now{};
  std::vector<milliseconds> spent;  // by size - 1

  explicit Course(int most) : team(most), spent(static_cast<size_t>(most)) {}

  void go_on(milliseconds length, const Loss& loss) {
    std::fill(spent.begin(), spent.end(), milliseconds(0));
    for (const auto end = now + length; now < end; now += kJob) {
      const int size = team.size();
      spent[static_cast<size_t>(size) - 1] += kJob;
      // All but the one who is late wait.
      const auto waited = std::chrono::duration_cast<TeamSize::Clock::duration>(kJob * loss(size) * (size - 1));
      team.ran(now, now + kJob, waited);
    }
  }

  double share(int size) const {
    milliseconds all{0};
    for (const milliseconds one : spent) all += one;
    return static_cast<double>(spent[static_cast<size_t>(size) - 1].count()) / static_cast<double>(all.count());
  }
};

TEST(TeamSize, IsWholeWhereNothingIsLost) {
  for (const int most : {1, 2, 8}) {
    Course course(most);
    course.go_on(milliseconds(5000), [](int) { return 0.0; });
    EXPECT_EQ(course.share(most), 1) << most;
  }
}

TEST(TeamSize, StaysWhereOneThreadLessWouldTakeLonger) {
  Course two(2), eight(8);
  two.go_on(milliseconds(5000), [](int) { return 0.49; });
  EXPECT_EQ(two.share(2), 1);
  eight.go_on(milliseconds(5000), [](int) { return 0.12; });
  EXPECT_EQ(eight.share(8), 1);
}

TEST(TeamSize, LeavesABusyCoreAndTriesItSeldom) {
  for (const int most : {2, 4, 8}) {
    Course course(most);
    const Loss busy = [most](int size) { return size == most ? 0.6 : 0.0; };
    course.go_on(milliseconds(5000), busy);
    EXPECT_EQ(course.team.size(), most - 1);
    EXPECT_GT(course.share(most - 1), 0.9) << most;
    course.go_on(milliseconds(20000), busy);
    EXPECT_GT(course.share(most - 1), 0.98) << most;
    EXPECT_GT(course.share(most), 0) << most;
  }
}

TEST(TeamSize, GoesDownToTheCoresThatAreFree) {
  Course course(8);
  const Loss three_free = [](int size) { return size > 3 ? 0.5 : 0.0; };
  course.go_on(milliseconds(1000), three_free);
  course.go_on(milliseconds(20000), three_free);
  EXPECT_GT(course.share(3), 0.97);
  EXPECT_EQ(course.share(2), 0);  // what it uses now loses nothing
}

TEST(TeamSize, IsWholeAgainWhenTheCoresAreFree) {
  Course course(8);
  course.go_on(milliseconds(60000), [](int size) { return size > 1 ? 0.6 : 0.0; });
  EXPECT_EQ(course.team.size(), 1);
  // The longest rest, then a step up each time the last one was judged.
  course.go_on(milliseconds(2500), [](int) { return 0.0; });
  EXPECT_EQ(course.team.size(), 8);
}

TEST(TeamSize, AfterAPauseTheNextTeamIsTriedAtOnce) {
  Course course(2);
  const Loss busy = [](int size) { return size == 2 ? 0.8 : 0.0; };
  course.go_on(milliseconds(10000), busy);
  EXPECT_EQ(course.team.size(), 1);
  course.now += milliseconds(60000);
  course.go_on(kJob, busy);
  EXPECT_EQ(course.team.size(), 2);
}

// One long job is judged as it is: a prompt's batch takes longer than the time others are judged by.
TEST(TeamSize, OneLongJobIsEnough) {
  TeamSize team(2);
  const TeamSize::Clock::time_point start{};
  team.ran(start, start + milliseconds(400), milliseconds(300));
  EXPECT_EQ(team.size(), 1);
}

}  // namespace
}  // namespace slm
