#include "runtime/memory_plan.h"

#include <gtest/gtest.h>

namespace slm {
namespace {

MemoryNeeds needs(uint64_t available, uint32_t trained = 8192) {
  MemoryNeeds needs;
  needs.weights = 1000;
  needs.workspace = [](uint32_t) { return uint64_t{100}; };
  needs.kv = [](uint32_t context) { return uint64_t{context}; };
  needs.trained_context = trained;
  needs.available = available;
  return needs;
}

TEST(MemoryPlan, TakesTheModelsOwnContextWhereItFits) {
  const MemoryPlan plan = plan_memory(needs(1000 + 100 + 8192), 0);
  EXPECT_EQ(plan.context, 8192u);
  EXPECT_FALSE(plan.context_was_reduced);
  EXPECT_EQ(plan.total, 1000u + 100 + 8192);
  EXPECT_TRUE(require_fit(plan, 0).has_value());
}

TEST(MemoryPlan, ReducesToTheLargestMultipleOf1024) {
  for (uint64_t have = 1100 + 1024; have < 1100 + 8192; have += 333) {
    const MemoryPlan plan = plan_memory(needs(have), 0);
    const uint32_t expected = static_cast<uint32_t>((have - 1100) / 1024 * 1024);
    EXPECT_EQ(plan.context, expected) << have;
    EXPECT_TRUE(plan.context_was_reduced);
    EXPECT_TRUE(require_fit(plan, 0).has_value());
  }
}

TEST(MemoryPlan, ATrainedContextThatIsNoMultipleIsTakenWhole) {
  EXPECT_EQ(plan_memory(needs(1'000'000, 1500), 0).context, 1500u);
  EXPECT_EQ(plan_memory(needs(1100 + 1499, 1500), 0).context, 1024u);
  EXPECT_EQ(plan_memory(needs(1100 + 511, 512), 0).context, 0u);
}

TEST(MemoryPlan, RefusesWhatDoesNotFitAndSaysWhatWould) {
  const MemoryPlan plan = plan_memory(needs(1100 + 3000), 4096);
  EXPECT_EQ(plan.context, 4096u);
  EXPECT_EQ(plan.largest_context_that_fits, 2048u);
  const Status status = require_fit(plan, 4096);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::kDoesNotFit);
  EXPECT_NE(status.error().text(Language::kEnglish).find("4096"), std::string::npos);
  EXPECT_NE(status.error().hint_text(Language::kEnglish).find("--ctx 2048"), std::string::npos);
}

TEST(MemoryPlan, NothingFits) {
  const MemoryPlan plan = plan_memory(needs(1100 + 1023), 0);
  EXPECT_EQ(plan.context, 0u);
  EXPECT_EQ(plan.kv, 1024u);
  const Status status = require_fit(plan, 0);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::kDoesNotFit);
}

}  // namespace
}  // namespace slm
