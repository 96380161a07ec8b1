// Attention over paged keys and values, against a naive one in double and against scalar's bits.
#include <gtest/gtest.h>

#include <limits>

#include "kernels/test_data.h"

namespace slm::kernels::test {
namespace {

// One KV head's pages, filled with random keys and values for the positions [0, n).
struct Cache {
  KvType type;
  uint32_t head_dim;
  std::vector<std::vector<std::byte>> keys, values;
  std::vector<const std::byte*> key_pages, value_pages;

  Cache(Random& random, KvType kv, uint32_t dim, uint32_t n) : type(kv), head_dim(dim) {
    const size_t row = kv_row_bytes(type, dim);
    for (uint32_t p = 0; p < n; ++p) {
      if (p % kPageTokens == 0) {
        // What is not written yet is NaN, so that reading it shows.
        keys.emplace_back(kPageTokens * row, std::byte{0xff});
        values.emplace_back(kPageTokens * row, std::byte{0xff});
      }
      for (auto* pages : {&keys, &values}) {
        const auto x = floats(random, dim);
        scalar_table().store_kv(x.data(), dim, type, pages->back().data() + p % kPageTokens * row);
      }
    }
    for (const auto& page : keys) key_pages.push_back(page.data());
    for (const auto& page : values) value_pages.push_back(page.data());
  }
  std::vector<float> row(const std::vector<const std::byte*>& pages, uint32_t p) const {
    std::vector<float> out(head_dim);
    const std::byte* at = pages[p / kPageTokens] + p % kPageTokens * kv_row_bytes(type, head_dim);
    scalar_table().load_kv(at, head_dim, type, out.data());
    return out;
  }
};

struct Queries {
  uint32_t n_tokens, group, first_pos, window = 0;
  float soft_cap = 0.0f;
  std::vector<float> q;

  Queries(Random& random, uint32_t tokens, uint32_t heads, uint32_t dim, uint32_t first)
      : n_tokens(tokens), group(heads), first_pos(first), q(floats(random, size_t{tokens} * heads * dim, 1.5f)) {}
};

struct Partial {
  std::vector<float> m, l, acc;
};

// Tokens [from, from + n) of the queries over the span [begin, end).
Partial attend(const KernelTable& table, const Cache& cache, const Queries& queries, uint32_t begin, uint32_t end,
               uint32_t from = 0, uint32_t n = 0) {
  static Scratch scratch;
  if (n == 0) n = queries.n_tokens;
  const size_t count = size_t{n} * queries.group;
  Partial out{std::vector<float>(count, 7.0f), std::vector<float>(count, 7.0f),
              std::vector<float>(count * cache.head_dim, 7.0f)};
  const size_t stride = size_t{queries.group} * cache.head_dim;
  AttentionArgs args{};
  args.q = queries.q.data() + from * stride;
  args.q_stride = stride;
  args.n_tokens = n;
  args.group = queries.group;
  args.head_dim = cache.head_dim;
  args.first_pos = queries.first_pos + from;
  args.span_begin = begin;
  args.span_end = std::min(end, args.first_pos + n);
  args.key_pages = cache.key_pages.data();
  args.value_pages = cache.value_pages.data();
  args.kv_type = cache.type;
  args.window = queries.window;
  args.scale = 1.0f / std::sqrt(static_cast<float>(cache.head_dim));
  args.soft_cap = queries.soft_cap;
  args.m = out.m.data();
  args.l = out.l.data();
  args.acc = out.acc.data();
  args.scratch = scratch.get();
  table.attend_span(args);
  return out;
}

// The attention output of query (t, g) over [0, position], in double.
std::vector<double> naive(const Cache& cache, const Queries& queries, uint32_t t, uint32_t g) {
  const uint32_t position = queries.first_pos + t, dim = cache.head_dim;
  const float* q = &queries.q[(size_t{t} * queries.group + g) * dim];
  std::vector<double> scores, out(dim);
  std::vector<uint32_t> seen;
  double largest = -1e300, total = 0;
  for (uint32_t p = 0; p <= position; ++p) {
    if (queries.window > 0 && p + queries.window <= position) continue;
    const auto key = cache.row(cache.key_pages, p);
    double s = 0;
    for (uint32_t i = 0; i < dim; ++i) s += double{q[i]} * key[i];
    s /= std::sqrt(static_cast<double>(dim));
    if (queries.soft_cap > 0) s = queries.soft_cap * std::tanh(s / queries.soft_cap);
    seen.push_back(p);
    scores.push_back(s);
    largest = std::max(largest, s);
  }
  for (double& s : scores) total += s = std::exp(s - largest);
  for (size_t i = 0; i < seen.size(); ++i) {
    const auto value = cache.row(cache.value_pages, seen[i]);
    for (uint32_t d = 0; d < dim; ++d) out[d] += scores[i] / total * value[d];
  }
  return out;
}

// All spans of `size` positions, then the merge: (n_tokens, group, head_dim).
std::vector<float> attend_all(const KernelTable& table, const Cache& cache, const Queries& queries, uint32_t size) {
  std::vector<Partial> spans;
  const uint32_t last = queries.first_pos + queries.n_tokens;
  for (uint32_t begin = 0; begin < last; begin += size) {
    spans.push_back(attend(table, cache, queries, begin, begin + size));
  }
  const size_t count = size_t{queries.n_tokens} * queries.group, dim = cache.head_dim;
  std::vector<float> m, l, acc, out(count * dim);
  for (const Partial& span : spans) {
    m.insert(m.end(), span.m.begin(), span.m.end());
    l.insert(l.end(), span.l.begin(), span.l.end());
    acc.insert(acc.end(), span.acc.begin(), span.acc.end());
  }
  for (size_t i = 0; i < count; ++i) {
    table.attention_merge({&m[i], &l[i], &acc[i * dim], count, static_cast<uint32_t>(spans.size()),
                           static_cast<uint32_t>(dim), &out[i * dim]});
  }
  return out;
}

void expect_naive(const std::vector<float>& got, const Cache& cache, const Queries& queries) {
  for (uint32_t t = 0; t < queries.n_tokens; ++t) {
    for (uint32_t g = 0; g < queries.group; ++g) {
      const auto want = naive(cache, queries, t, g);
      for (uint32_t d = 0; d < cache.head_dim; ++d) {
        ASSERT_NEAR(got[(size_t{t} * queries.group + g) * cache.head_dim + d], want[d], 3e-6) << "token " << t << " head " << g;
      }
    }
  }
}

struct Case {
  KvType type;
  uint32_t head_dim, group, n_tokens, first_pos, window;
  float soft_cap;
};
constexpr Case kCases[] = {
    {KvType::kF16, 64, 1, 1, 0, 0, 0.0f},       {KvType::kF16, 64, 7, 1, 700, 0, 0.0f},
    {KvType::kF16, 64, 3, 16, 500, 0, 0.0f},    {KvType::kF16, 256, 4, 5, 130, 40, 0.0f},
    {KvType::kF16, 256, 8, 16, 0, 8, 50.0f},    {KvType::kF16, 20, 2, 9, 61, 0, 0.0f},
    {KvType::kF16, 6, 5, 3, 33, 5, 30.0f},      {KvType::kF16, 1024, 2, 2, 70, 0, 0.0f},
    {KvType::kQ8_0, 64, 7, 1, 700, 0, 0.0f},    {KvType::kQ8_0, 128, 4, 16, 505, 300, 0.0f},
    {KvType::kF16, 32, 5, 1, 130, 70, 0.0f},    {KvType::kQ8_0, 64, 3, 2, 191, 90, 0.0f},
    {KvType::kQ8_0, 96, 16, 16, 250, 0, 20.0f}, {KvType::kQ8_0, 32, 20, 15, 3, 2, 0.0f},
    {KvType::kF16, 64, 7, 32, 500, 0, 0.0f},    {KvType::kQ8_0, 64, 8, 32, 300, 100, 0.0f},
    {KvType::kF16, 32, 16, 32, 40, 0, 0.0f},    {KvType::kF16, 64, 2, 1, 90, 0, 0.0f},
    {KvType::kQ8_0, 32, 1, 1, 200, 0, 0.0f},    {KvType::kQ8_0, 32, 1, 3, 200, 70, 0.0f},
    {KvType::kF16, 64, 2, 16, 348, 100, 0.0f},  {KvType::kF16, 64, 3, 9, 350, 100, 20.0f},  // some see nothing of the first span
    {KvType::kQ8_0, 64, 5, 1, 130, 0, 30.0f},   {KvType::kQ8_0, 64, 4, 2, 77, 0, 0.0f},
};

class Attention : public testing::TestWithParam<Case> {
 protected:
  Attention()
      : cache_(random_, GetParam().type, GetParam().head_dim, GetParam().first_pos + GetParam().n_tokens),
        queries_(random_, GetParam().n_tokens, GetParam().group, GetParam().head_dim, GetParam().first_pos) {
    queries_.window = GetParam().window;
    queries_.soft_cap = GetParam().soft_cap;
  }
  Random random_{11};
  Cache cache_;
  Queries queries_;
};

TEST_P(Attention, MatchesTheNaiveOne) {
  for (const KernelTable* table : usable_tables()) {
    SCOPED_TRACE(std::string(table->name));
    expect_naive(attend_all(*table, cache_, queries_, 512), cache_, queries_);
    expect_naive(attend_all(*table, cache_, queries_, 64), cache_, queries_);
  }
}

TEST_P(Attention, TablesAgreeBitForBit) {
  const uint32_t last = queries_.first_pos + queries_.n_tokens;
  for (uint32_t begin = 0; begin < last; begin += 256) {
    const Partial want = attend(scalar_table(), cache_, queries_, begin, begin + 256);
    for (const KernelTable* table : usable_tables()) {
      const Partial got = attend(*table, cache_, queries_, begin, begin + 256);
      for (size_t i = 0; i < want.m.size(); ++i) {
        ASSERT_TRUE(same(got.m[i], want.m[i])) << table->name << " m " << got.m[i] << " " << want.m[i];
        ASSERT_TRUE(same(got.l[i], want.l[i])) << table->name << " l " << got.l[i] << " " << want.l[i];
      }
      for (size_t i = 0; i < want.acc.size(); ++i) {
        ASSERT_TRUE(same(got.acc[i], want.acc[i])) << table->name << " acc " << i << " " << got.acc[i] << " " << want.acc[i];
      }
    }
  }
}

TEST_P(Attention, AQueryGetsTheSameAloneAndWithOthers) {
  const uint32_t last = queries_.first_pos + queries_.n_tokens;
  for (const KernelTable* table : usable_tables()) {
    for (uint32_t begin = 0; begin < last; begin += 512) {
      const Partial whole = attend(*table, cache_, queries_, begin, begin + 512);
      for (uint32_t t = 0; t < queries_.n_tokens; ++t) {
        const Partial alone = attend(*table, cache_, queries_, begin, begin + 512, t, 1);
        const size_t at = size_t{t} * queries_.group;
        for (uint32_t g = 0; g < queries_.group; ++g) {
          ASSERT_TRUE(same(alone.m[g], whole.m[at + g])) << table->name << " token " << t;
          ASSERT_TRUE(same(alone.l[g], whole.l[at + g])) << table->name << " token " << t;
        }
        for (size_t i = 0; i < alone.acc.size(); ++i) {
          ASSERT_TRUE(same(alone.acc[i], whole.acc[at * cache_.head_dim + i])) << table->name << " token " << t;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Attention, testing::ValuesIn(kCases));

TEST(AttentionSpans, AQueryThatSeesNothingOfASpan) {
  Random random(12);
  const Cache cache(random, KvType::kF16, 64, 300);
  Queries queries(random, 4, 3, 64, 290);
  queries.window = 20;
  for (const KernelTable* table : usable_tables()) {
    const Partial early = attend(*table, cache, queries, 0, 256);
    for (float m : early.m) EXPECT_EQ(m, -std::numeric_limits<float>::infinity());
    for (float l : early.l) EXPECT_EQ(l, 0.0f);
    for (float v : early.acc) EXPECT_EQ(v, 0.0f);
    expect_naive(attend_all(*table, cache, queries, 64), cache, queries);
  }
}

// A span may begin anywhere, within a page too.
TEST(AttentionSpans, BeginWithinAPage) {
  Random random(15);
  for (KvType type : {KvType::kF16, KvType::kQ8_0}) {
    const Cache cache(random, type, 64, 300);
    for (uint32_t tokens : {1u, 5u}) {
      const Queries queries(random, tokens, 7, 64, 290);
      for (uint32_t begin : {4u, 32u, 71u, 120u}) {
        const Partial want = attend(scalar_table(), cache, queries, begin, 300);
        for (const KernelTable* table : usable_tables()) {
          const Partial got = attend(*table, cache, queries, begin, 300);
          for (size_t i = 0; i < want.acc.size(); ++i) {
            ASSERT_TRUE(same(got.acc[i], want.acc[i])) << table->name << " from " << begin << ", " << i;
          }
        }
      }
    }
  }
}

// A window's old pages may be gone: nothing outside what the queries see may be touched.
TEST(AttentionSpans, PagesBehindTheWindowMayBeMissing) {
  Random random(13);
  Cache cache(random, KvType::kF16, 64, 400);
  Queries queries(random, 8, 2, 64, 390);
  queries.window = 100;
  std::vector<std::vector<float>> before;
  for (const KernelTable* table : usable_tables()) before.push_back(attend_all(*table, cache, queries, 512));
  for (size_t page = 0; page < (390 - 100) / kPageTokens; ++page) cache.key_pages[page] = cache.value_pages[page] = nullptr;
  size_t i = 0;
  for (const KernelTable* table : usable_tables()) EXPECT_EQ(attend_all(*table, cache, queries, 512), before[i++]);
}

TEST(StoreKv, IsFiniteCloseAndTheSameEverywhere) {
  Random random(14);
  for (KvType type : {KvType::kF16, KvType::kQ8_0}) {
    for (float spread : {1e-12f, 1e-3f, 1.0f, 1e3f, 1e6f}) {
      auto x = floats(random, 96, spread);
      if (spread == 1.0f) x[5] = std::numeric_limits<float>::quiet_NaN(), x[40] = 1e30f, x[70] = -1e30f;
      std::vector<std::byte> want(kv_row_bytes(type, 96)), got(want.size());
      std::vector<float> back(96);
      scalar_table().store_kv(x.data(), 96, type, want.data());
      for (const KernelTable* table : usable_tables()) {
        table->store_kv(x.data(), 96, type, got.data());
        ASSERT_EQ(got, want) << table->name << " spread " << spread;
        table->load_kv(got.data(), 96, type, back.data());
        for (size_t b = 0; b < 96; b += 32) {
          float largest = 0;
          for (size_t k = b; k < b + 32; ++k) largest = std::max(largest, std::min(std::fabs(x[k]), 65504.0f));
          for (size_t k = b; k < b + 32; ++k) {
            ASSERT_TRUE(std::isfinite(back[k]));
            const float clipped = std::isnan(x[k]) ? 0.0f : std::clamp(x[k], -65504.0f, 65504.0f);
            const float step = type == KvType::kF16 ? std::fabs(clipped) * 0x1p-11f + 0x1p-25f : largest / 127 * 0.57f + 0x1p-18f;
            ASSERT_NEAR(back[k], clipped, step) << table->name << " " << k;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace slm::kernels::test
