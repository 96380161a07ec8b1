#include "cli/compare_plan.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "cli/stage_pace.h"
#include "cli/status_line.h"

namespace slm::cli {
namespace {

TEST(Duration, IsReadWithItsUnit) {
  const std::pair<const char*, double> cases[] = {{"90", 90}, {"90s", 90}, {"20m", 1200}, {"5min", 300}, {"1.5h", 5400}, {"0.5m", 30}};
  for (const auto& [text, seconds] : cases) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, seconds) << text;
  }
}

TEST(Duration, OtherTextIsAUsageError) {
  for (const char* text : {"", "m", "0", "-5m", "5d", "20 m", "nan", "inf", "1e9h", "20mm"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kUsage) << text;
  }
}

// Two stages of 60 items that take turns of 4: A takes 1 s an item, B 2 s.
TEST(StagePace, TurnsAreAddedUp) {
  StagePace pace;
  double now = 100;
  pace.report("open", 0, now);
  EXPECT_EQ(pace.rate("A"), 0);
  for (uint64_t turn = 0; turn < 3; ++turn) {
    for (uint64_t i = 1; i <= 4; ++i) pace.report("A", 4 * turn + i, now += 1);
    for (uint64_t i = 1; i <= 4; ++i) pace.report("B", 4 * turn + i, now += 2);
  }
  EXPECT_NEAR(pace.rate("A"), 1, 1e-12);
  EXPECT_NEAR(pace.rate("B"), 0.5, 1e-12);
  pace.report("A", 1, now + 10);  // another stage of this name
  EXPECT_NEAR(pace.rate("A"), 0.1, 1e-12);
}

TEST(StatusLine, TimeLeftIsAClock) {
  set_language(Language::kEnglish);
  EXPECT_EQ(time_left_text(0), "0:00 left");
  EXPECT_EQ(time_left_text(4.6), "0:05 left");
  EXPECT_EQ(time_left_text(750), "12:30 left");
  EXPECT_EQ(time_left_text(3599.6), "1:00:00 left");
  EXPECT_EQ(time_left_text(3723), "1:02:03 left");
  EXPECT_EQ(time_left_text(1e9), "");
  EXPECT_EQ(time_left_text(std::numeric_limits<double>::infinity()), "");
  EXPECT_EQ(time_left_text(std::nan("")), "");
}

TEST(StagePace, RatesAreShort) {
  EXPECT_EQ(rate_text(0), "");
  EXPECT_EQ(rate_text(123.4), "123/s");
  EXPECT_EQ(rate_text(1.44), "1.4/s");
  EXPECT_EQ(rate_text(0.3), "18/min");
  EXPECT_EQ(rate_text(0.001), "0.06/min");
}

}  // namespace
}  // namespace slm::cli
