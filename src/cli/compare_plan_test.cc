#include "cli/compare_plan.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace slm::cli
