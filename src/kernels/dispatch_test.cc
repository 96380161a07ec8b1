#include <gtest/gtest.h>

#include <algorithm>
#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kernels/peaks.h"
#include "kernels/table.h"

namespace slm::kernels {
namespace {

bool is_usable(std::string_view name) {
  const auto tables = usable_tables();
  return std::any_of(tables.begin(), tables.end(), [name](const KernelTable* table) { return table->name == name; });
}

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
  // Where the processor is known beforehand, an emulated one: the table that it is there for.
  const char* best = std::getenv("SLM_TEST_BEST_ISA");
  if (best != nullptr) {
    EXPECT_EQ(usable_tables().front()->name, best);
  }
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

// On a machine without their instructions (kernels_qemu_* runs this as one) nothing of theirs is done to find that out.
TEST_F(Dispatch, ANameOfAnotherMachineIsRefused) {
  for (const char* name : {"avx512vnni", "avxvnni", "avx2", "neoni8mm", "neondot"}) {
    if (is_usable(name)) continue;
    setenv("SLM_ISA", name, 1);
    const auto chosen = choose_table();
    ASSERT_FALSE(chosen) << name;
    EXPECT_EQ(chosen.error().kind, ErrorKind::kUsage);
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

#if defined(__aarch64__)
sigjmp_buf refused;

// Whether the processor knows the instructions of f, found out by doing them.
bool runs(void (*f)()) {
  struct sigaction action = {}, before = {};
  action.sa_handler = [](int) { siglongjmp(refused, 1); };
  sigaction(SIGILL, &action, &before);
  const bool known = sigsetjmp(refused, 1) == 0;
  if (known) f();
  sigaction(SIGILL, &before, nullptr);
  return known;
}
#endif

TEST_F(Dispatch, WhatIsUsableAgreesWithAnotherTest) {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  EXPECT_EQ(is_usable("avx2"), avx2);
  EXPECT_EQ(is_usable("avx512vnni"), avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                                         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                                         __builtin_cpu_supports("avx512vnni"));
  EXPECT_TRUE(avx2 || !is_usable("avxvnni"));  // GCC 12's builtin does not know that name
#elif defined(__aarch64__)
  const bool sdot = runs([] { __asm__ volatile(".inst 0x4e829420" ::: "v0"); });   // sdot v0.4s, v1.16b, v2.16b
  const bool smmla = runs([] { __asm__ volatile(".inst 0x4e82a420" ::: "v0"); });  // smmla v0.4s, v1.16b, v2.16b
  EXPECT_EQ(is_usable("neondot"), sdot);
  EXPECT_EQ(is_usable("neoni8mm"), sdot && smmla);
#else
  EXPECT_FALSE(is_usable("avx2"));
  EXPECT_EQ(usable_tables().size(), 1u);
#endif
}

}  // namespace
}  // namespace slm::kernels
