#include "model/kv.h"

#include <gtest/gtest.h>

namespace slm {
namespace {

constexpr uint32_t kPage = kernels::kPageTokens;

// Two full layers and three windowed ones.
KvLayout layout(uint32_t window) {
  KvLayout out;
  out.n_kv_heads = 2;
  out.head_dim = 32;
  out.window = window;
  out.layer_class = {1, 0, 1, 1, 0};
  out.layer_index = {0, 0, 1, 2, 1};
  out.n_class_layers[0] = 2;
  out.n_class_layers[1] = 3;
  return out;
}

TEST(KvLayout, CountsBytes) {
  const KvLayout l = layout(100);
  EXPECT_EQ(l.head_block_bytes(), size_t{kPage} * 64);
  EXPECT_EQ(l.page_bytes(0), 2u * 2 * 2 * kPage * 64);
  EXPECT_EQ(l.page_bytes(1), 2u * 3 * 2 * kPage * 64);
  EXPECT_EQ(l.sequence_pages(0, 1, 16), 1u);
  EXPECT_EQ(l.sequence_pages(0, kPage + 1, 16), 2u);
  EXPECT_EQ(l.sequence_pages(1, 10 * kPage, 1), 100u / kPage + 2);  // 100 positions anywhere on the grid
  EXPECT_EQ(l.sequence_pages(1, kPage, 1), 1u);                     // no more than there are
}

TEST(KvPool, RefusesQ8OfOddHeads) {
  KvLayout l = layout(0);
  l.head_dim = 48;
  l.type = kernels::KvType::kQ8_0;
  const auto pool = KvPool::create(l, 1, 64, 16);
  ASSERT_FALSE(pool);
  EXPECT_EQ(pool.error().kind, ErrorKind::kUsage);
}

TEST(KvSequence, FullClassGrowsAndGivesBack) {
  auto pool = KvPool::create(layout(10), 2, 3 * kPage, 16);
  ASSERT_TRUE(pool);
  const uint32_t free_before = (*pool)->free_pages(0);
  EXPECT_EQ(free_before, 6u);
  {
    KvSequence a(**pool);
    for (uint32_t i = 0; i < 3 * kPage; i += 16) ASSERT_TRUE(a.extend(16));
    EXPECT_EQ((*pool)->free_pages(0), 3u);
    EXPECT_EQ(a.page_count(), 3u);
    KvSequence b(std::move(a));
    EXPECT_EQ(b.length(), 3 * kPage);
  }
  EXPECT_EQ((*pool)->free_pages(0), free_before);
}

TEST(KvSequence, NothingChangesWhenPagesRunOut) {
  auto pool = KvPool::create(layout(10), 1, 2 * kPage, 16);
  ASSERT_TRUE(pool);
  KvSequence a(**pool);
  for (uint32_t i = 0; i < 2 * kPage; i += 16) ASSERT_TRUE(a.extend(16));
  const uint32_t windowed_free = (*pool)->free_pages(1);
  const Status more = a.extend(1);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().kind, ErrorKind::kDoesNotFit);
  EXPECT_EQ(a.length(), 2 * kPage);
  EXPECT_EQ((*pool)->free_pages(1), windowed_free);
}

// Whatever the batches, a full context never runs out of the windowed class's pages, and every position that the batch's
// queries see is held.
TEST(KvSequence, WindowedClassHoldsWhatIsSeen) {
  for (const uint32_t window : {1u, 7u, 64u, 65u, 200u}) {
    for (const uint32_t batch : {1u, 5u, 64u, 100u}) {
      const uint32_t tokens = 1000;
      auto pool = KvPool::create(layout(window), 1, tokens, batch);
      ASSERT_TRUE(pool);
      KvSequence kv(**pool);
      uint32_t step = 1;
      while (kv.length() < tokens) {
        const uint32_t first = kv.length(), n = std::min(step, tokens - first);
        ASSERT_TRUE(kv.extend(n)) << window << " " << batch << " " << first;
        step = step % batch + 1;
        std::vector<const std::byte*> pages(kv.page_count());
        kv.key_pages(0, 1, 0, kv.page_count(), pages.data());
        const uint32_t oldest = first >= window ? first - window + 1 : 0;
        for (uint32_t page = oldest / kPage; page < kv.page_count(); ++page) ASSERT_NE(pages[page], nullptr);
      }
    }
  }
}

TEST(KvSequence, TruncateFailsOnlyWhereTheWindowIsGone) {
  auto pool = KvPool::create(layout(64), 1, 1024, 16);
  ASSERT_TRUE(pool);
  KvSequence kv(**pool);
  while (kv.length() < 1024) ASSERT_TRUE(kv.extend(16));
  EXPECT_FALSE(kv.truncate(100));
  EXPECT_EQ(kv.length(), 1024u);
  EXPECT_TRUE(kv.truncate(1020));
  EXPECT_EQ(kv.length(), 1020u);
  ASSERT_TRUE(kv.extend(4));
  kv.reset();
  EXPECT_EQ(kv.length(), 0u);
  ASSERT_TRUE(kv.extend(16));
  EXPECT_TRUE(kv.truncate(0));
}

// Each (layer, head, position, key or value) has a row of its own.
TEST(KvSequence, RowsDoNotOverlap) {
  auto pool = KvPool::create(layout(300), 2, 200, 200);
  ASSERT_TRUE(pool);
  KvSequence a(**pool), b(**pool);
  ASSERT_TRUE(a.extend(200));
  ASSERT_TRUE(b.extend(200));
  const auto each_row = [&](auto f) {
    uint64_t n = 0;
    for (KvSequence* kv : {&a, &b}) {
      for (uint32_t layer = 0; layer < 5; ++layer) {
        for (uint32_t head = 0; head < 2; ++head) {
          for (uint32_t position = 0; position < 200; ++position) {
            f(kv->key_row(layer, head, position), n++);
            f(kv->value_row(layer, head, position), n++);
          }
        }
      }
    }
  };
  each_row([](std::byte* row, uint64_t n) {
    uint64_t values[8];  // one row: 32 halves
    std::fill(std::begin(values), std::end(values), n);
    std::copy_n(reinterpret_cast<const std::byte*>(values), 64, row);
  });
  each_row([](const std::byte* row, uint64_t n) {
    uint64_t values[8];
    std::copy_n(row, 64, reinterpret_cast<std::byte*>(values));
    for (const uint64_t value : values) ASSERT_EQ(value, n);
  });
}

}  // namespace
}  // namespace slm
