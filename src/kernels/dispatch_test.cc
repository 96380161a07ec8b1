#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kernels/peaks.h"
#include "kernels/table.h"

namespace slm::kernels {
namespace {

// Sets SLM_ISA for one test and puts back what was there.
class Dispatch : public testing::Test {
 protected:
  void SetUp() override {
    const char* value = std::getenv("SLM_ISA");
    if (value) before_ = value;
    was_set_ = value != nullptr;
  }
  void TearDown() override {
    if (was_set_) {
      setenv("SLM_ISA", before_.c_str(), 1);
    } else {
      unsetenv("SLM_ISA");
    }
  }
  std::string before_;
  bool was_set_ = false;
};

TEST_F(Dispatch, ScalarIsAlwaysUsableAndLast) {
  const auto tables = usable_tables();
  ASSERT_FALSE(tables.empty());
  EXPECT_EQ(tables.back()->name, "scalar");
}

TEST_F(Dispatch, TheBestIsChosenWhereNothingIsAskedFor) {
  unsetenv("SLM_ISA");
  ASSERT_TRUE(choose_table());
  EXPECT_EQ(*choose_table(), usable_tables().front());
  setenv("SLM_ISA", "", 1);
  EXPECT_EQ(*choose_table(), usable_tables().front());
}

TEST_F(Dispatch, EveryUsableNameIsObeyed) {
  for (const KernelTable* table : usable_tables()) {
    setenv("SLM_ISA", std::string(table->name).c_str(), 1);
    ASSERT_TRUE(choose_table());
    EXPECT_EQ(*choose_table(), table);
  }
}

TEST(Peaks, EveryTableHasItsOwn) {
  for (const KernelTable* table : usable_tables()) {
    const PeakProducts& peaks = peak_products(*table);
    EXPECT_GT(peaks.bytes(1), 0u) << table->name;
    EXPECT_GT(peaks.floats(1), 0u) << table->name;
    EXPECT_EQ(peaks.bytes(1000), 1000 * peaks.bytes(1)) << table->name;
    EXPECT_EQ(peaks.floats(1000), 1000 * peaks.floats(1)) << table->name;
    for (const KernelTable* other : usable_tables()) EXPECT_EQ(other == table, &peak_products(*other) == &peaks);
  }
}

TEST_F(Dispatch, AnUnknownNameIsRefusedWithTheChoices) {
  setenv("SLM_ISA", "avx1024", 1);
  const auto chosen = choose_table();
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().kind, ErrorKind::kUsage);
  EXPECT_EQ(chosen.error().message.key, "kernels.unknown_isa");
  const std::string text = chosen.error().text(Language::kEnglish);
  EXPECT_NE(text.find("avx1024"), std::string::npos) << text;
  for (const KernelTable* table : usable_tables()) EXPECT_NE(text.find(table->name), std::string::npos) << text;
}

TEST_F(Dispatch, WhatIsUsableAgreesWithTheCompilersOwnTest) {
#if defined(__x86_64__)
  const auto is_usable = [](std::string_view name) {
    const auto tables = usable_tables();
    return std::any_of(tables.begin(), tables.end(), [name](const KernelTable* table) { return table->name == name; });
  };
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  EXPECT_EQ(is_usable("avx2"), avx2);
  EXPECT_EQ(is_usable("avx512vnni"), avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                                         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                                         __builtin_cpu_supports("avx512vnni"));
  EXPECT_TRUE(avx2 || !is_usable("avxvnni"));  // GCC 12's builtin does not know that name
#else
  GTEST_SKIP() << "no instruction set but scalar here";
#endif
}

}  // namespace
}  // namespace slm::kernels
