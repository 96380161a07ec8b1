#include "lab/compare/minimum_memory.h"

#include <gtest/gtest.h>

namespace slm::lab {
namespace {

// Work that needs `needed` bytes; with less than `comfort` it takes twice as long.
LimitedRun work(uint64_t needed, uint64_t comfort, int* runs = nullptr) {
  return [=](uint64_t limit, double most_seconds) -> Result<std::optional<double>> {
    if (runs != nullptr) ++*runs;
    if (limit != 0 && limit < needed) return std::optional<double>();
    const double seconds = limit != 0 && limit < comfort ? 20 : 10;
    if (most_seconds > 0 && seconds > most_seconds) return std::optional<double>();
    return std::optional<double>(seconds);
  };
}

TEST(MinimumMemory, IsFoundToTwoPercent) {
  int runs = 0;
  const auto found = find_minimum_memory(1'000'000, work(333'333, 0, &runs));
  ASSERT_TRUE(found);
  EXPECT_GE(found->bytes, 333'333u);
  EXPECT_LE(found->bytes, 333'333u * 1.021);
  EXPECT_LT(found->failed_bytes, 333'333u);
  EXPECT_LE(runs, 20);
}

TEST(MinimumMemory, ASlowRunDoesNotCount) {
  const auto found = find_minimum_memory(1'000'000, work(200'000, 600'000));
  ASSERT_TRUE(found);
  EXPECT_GE(found->bytes, 600'000u);
  EXPECT_LE(found->bytes, 600'000u * 1.021);
}

TEST(MinimumMemory, OneUnluckyRunDoesNotCount) {
  int runs = 0;
  const LimitedRun steady = work(333'333, 0);
  const auto found = find_minimum_memory(1'000'000, [&](uint64_t limit, double most_seconds) -> Result<std::optional<double>> {
    return ++runs % 3 == 0 ? std::optional<double>() : steady(limit, most_seconds);
  });
  ASSERT_TRUE(found);
  EXPECT_LE(found->bytes, 333'333u * 1.021);
}

TEST(MinimumMemory, AGroupMayCountMoreThanThePeak) {
  const auto found = find_minimum_memory(1'000'000, work(1'100'000, 0));
  ASSERT_TRUE(found);
  EXPECT_GE(found->bytes, 1'100'000u);
}

TEST(MinimumMemory, WorkThatFailsWithoutALimitIsAnError) {
  const auto found = find_minimum_memory(1'000'000, [](uint64_t, double) { return std::optional<double>(); });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::kFailed);
}

TEST(MinimumMemory, AnErrorOfARunIsPassedOn) {
  const auto found = find_minimum_memory(1'000'000, [](uint64_t limit, double) -> Result<std::optional<double>> {
    if (limit == 0) return std::optional<double>(1.0);
    return fail(ErrorKind::kFailed, "lab.interrupted");
  });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message.key, "lab.interrupted");
}

}  // namespace
}  // namespace slm::lab
