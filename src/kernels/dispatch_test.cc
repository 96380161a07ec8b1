#include <gtest/gtest.h>

#include <cstdlib>

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
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  EXPECT_EQ(usable_tables().front()->name == "avx2", avx2);
#else
  GTEST_SKIP() << "no instruction set but scalar here";
#endif
}

}  // namespace
}  // namespace slm::kernels
