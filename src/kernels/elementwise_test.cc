// Activations, norms, RoPE and logits: against double arithmetic for every table, and every table against scalar's bits.
#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <limits>

#include "kernels/rotation.h"
#include "kernels/test_data.h"

namespace slm::kernels::test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

// Calls f with every table; `name` says which in failures.
void each_table(const std::function<void(const KernelTable&)>& f) {
  for (const KernelTable* table : usable_tables()) {
    SCOPED_TRACE(std::string(table->name));
    f(*table);
  }
}

void expect_bits_of_scalar(const std::vector<float>& got, const std::vector<float>& scalar) {
  for (size_t i = 0; i < got.size(); ++i) ASSERT_TRUE(same(got[i], scalar[i])) << i << ": " << got[i] << ", " << scalar[i];
}

constexpr size_t kLengths[] = {1, 3, 7, 8, 9, 16, 31, 64, 576, 1003};

TEST(QuantizeQ8, ErrorIsHalfAStepAndSumIsTheSum) {
  Random random(1);
  for (float spread : {1e-20f, 1.0f, 1e20f}) {
    const auto x = floats(random, 32 * 9, spread);
    each_table([&](const KernelTable& table) {
      std::vector<int8_t> q(x.size());
      std::vector<float> scale(9), sum(9);
      table.quantize_q8(x.data(), x.size(), q.data(), scale.data(), sum.data());
      for (size_t b = 0; b < 9; ++b) {
        int total = 0, largest = 0;
        for (size_t i = b * 32; i < b * 32 + 32; ++i) {
          total += q[i];
          largest = std::max(largest, std::abs(int{q[i]}));
          EXPECT_NEAR(double{scale[b]} * q[i], x[i], 0.5001 * scale[b]);
        }
        EXPECT_EQ(largest, 127);
        EXPECT_EQ(sum[b], scale[b] * static_cast<float>(total));
      }
    });
  }
}

TEST(QuantizeQ8, AnyInputGivesFiniteOutputAndTheSameBits) {
  Random random(2);
  std::vector<float> x = floats(random, 32 * 40);
  for (size_t i = 0; i < x.size(); i += 7) x[i] = std::bit_cast<float>(static_cast<uint32_t>(random()));
  const float strange[] = {kNan, kInf, -kInf, 1e-45f, -1e-40f, 3e38f, -3e38f, 0.0f, -0.0f};
  for (size_t i = 0; i < std::size(strange); ++i) x[i * 32] = strange[i];
  for (size_t i = 0; i < 32; ++i) x[32 * 20 + i] = kNan;
  for (size_t i = 0; i < 32; ++i) x[32 * 21 + i] = 0.0f;
  for (size_t i = 0; i < 32; ++i) x[32 * 22 + i] = 1e-44f;
  for (size_t i = 0; i < 32; ++i) x[32 * 23 + i] = kInf;
  const size_t blocks = x.size() / 32;
  std::vector<int8_t> want_q(x.size());
  std::vector<float> want_scale(blocks), want_sum(blocks);
  scalar_table().quantize_q8(x.data(), x.size(), want_q.data(), want_scale.data(), want_sum.data());
  each_table([&](const KernelTable& table) {
    std::vector<int8_t> q(x.size());
    std::vector<float> scale(blocks), sum(blocks);
    table.quantize_q8(x.data(), x.size(), q.data(), scale.data(), sum.data());
    for (size_t b = 0; b < blocks; ++b) {
      EXPECT_TRUE(std::isfinite(scale[b]) && std::isfinite(sum[b])) << b;
      EXPECT_EQ(scale[b], want_scale[b]) << b;
      EXPECT_EQ(sum[b], want_sum[b]) << b;
    }
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(q[i], want_q[i]) << i << " of " << x[i];
      ASSERT_GE(q[i], -127);
    }
  });
}

// Several blocks may be done together: zeros, the smallest and the largest values among ordinary blocks, and every number of blocks.
TEST(QuantizeQ8, BlocksDoNotChangeEachOther) {
  Random random(15);
  constexpr size_t kBlocks = 13;
  auto x = floats(random, 32 * kBlocks);
  const auto fill = [&](size_t block, float value) { std::fill_n(x.begin() + static_cast<ptrdiff_t>(32 * block), 32, value); };
  fill(1, 0.0f);
  fill(2, -1e-30f);  // the smallest that is not taken as 0
  fill(3, std::nextafter(1e-30f, 0.0f));
  x[32 * 6 + 31] = -1e34f;  // the largest that is not clipped
  x[32 * 9] = std::nextafter(1e34f, kInf);
  x[32 * 11 + 7] = -kNan;
  for (size_t n = 1; n <= kBlocks; ++n) {
    std::vector<int8_t> want_q(32 * n);
    std::vector<float> want_scale(n), want_sum(n);
    scalar_table().quantize_q8(x.data(), 32 * n, want_q.data(), want_scale.data(), want_sum.data());
    each_table([&](const KernelTable& table) {
      std::vector<int8_t> q(32 * n);
      std::vector<float> scale(n), sum(n);
      table.quantize_q8(x.data(), 32 * n, q.data(), scale.data(), sum.data());
      EXPECT_EQ(q, want_q) << n;
      expect_bits_of_scalar(scale, want_scale);
      expect_bits_of_scalar(sum, want_sum);
    });
  }
}

TEST(RmsNorm, MatchesDouble) {
  Random random(3);
  for (size_t n : kLengths) {
    const auto x = floats(random, n, 4.0f), w = floats(random, n);
    std::vector<float> scalar(n);
    scalar_table().rms_norm(x.data(), w.data(), 1e-6f, n, scalar.data());
    each_table([&](const KernelTable& table) {
      std::vector<float> out = x;
      table.rms_norm(out.data(), w.data(), 1e-6f, n, out.data());  // in place
      double squares = 0;
      for (float v : x) squares += double{v} * v;
      for (size_t i = 0; i < n; ++i) {
        const double want = x[i] / std::sqrt(squares / static_cast<double>(n) + 1e-6) * w[i];
        ASSERT_NEAR(out[i], want, 1e-6 * std::fabs(want) + 1e-30) << n;
      }
      expect_bits_of_scalar(out, scalar);
    });
  }
}

TEST(Rope, TurnsPairsByTheirAngles) {
  Random random(4);
  for (RopeStyle style : {RopeStyle::kPairs, RopeStyle::kHalves}) {
    for (uint32_t dims : {2u, 6u, 16u, 20u, 64u, 80u}) {
      const uint32_t head_dim = dims + 6, n_heads = 3;
      const auto x = floats(random, size_t{n_heads} * head_dim);
      std::vector<float> angles = floats(random, dims / 2, 3.0f), cos_sin(dims);
      for (size_t i = 0; i < angles.size(); ++i) {
        cos_sin[2 * i] = std::cos(angles[i]);
        cos_sin[2 * i + 1] = std::sin(angles[i]);
      }
      each_table([&](const KernelTable& table) {
        std::vector<float> turned = x;
        table.rope({turned.data(), n_heads, head_dim, dims, cos_sin.data(), style});
        for (uint32_t h = 0; h < n_heads; ++h) {
          const float* before = &x[h * head_dim];
          const float* after = &turned[h * head_dim];
          for (uint32_t i = 0; i < dims / 2; ++i) {
            const uint32_t a = style == RopeStyle::kPairs ? 2 * i : i;
            const uint32_t b = style == RopeStyle::kPairs ? 2 * i + 1 : i + dims / 2;
            const double c = std::cos(double{angles[i]}), s = std::sin(double{angles[i]});
            ASSERT_NEAR(after[a], before[a] * c - before[b] * s, 1e-5);
            ASSERT_NEAR(after[b], before[a] * s + before[b] * c, 1e-5);
          }
          for (uint32_t i = dims; i < head_dim; ++i) ASSERT_EQ(after[i], before[i]);
        }
      });
    }
  }
}

double silu(double x) { return x / (1 + std::exp(-x)); }
double gelu(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

using MulFn = void (*)(const float*, const float*, size_t, float*);

void check_gate(MulFn KernelTable::*function, double (*exact)(double)) {
  Random random(5);
  for (size_t n : kLengths) {
    auto gate = floats(random, n, 5.0f);
    const auto up = floats(random, n);
    if (n > 20) {
      const float edges[] = {0.0f, -0.0f, 1e-30f, -1e-30f, 80.0f, -80.0f, 100.0f, -100.0f, 3e4f, -3e4f, -1e30f, 1e30f};
      std::copy(std::begin(edges), std::end(edges), gate.begin());
    }
    std::vector<float> scalar(n);
    (scalar_table().*function)(gate.data(), up.data(), n, scalar.data());
    each_table([&](const KernelTable& table) {
      std::vector<float> out = gate;
      (table.*function)(out.data(), up.data(), n, out.data());  // in place
      for (size_t i = 0; i < n; ++i) {
        const double want = exact(gate[i]) * up[i];
        ASSERT_NEAR(out[i], want, 6e-7 * std::fabs(want) + 6e-7 * std::fabs(up[i])) << gate[i];
      }
      expect_bits_of_scalar(out, scalar);
    });
  }
}

TEST(SiluMul, MatchesDouble) { check_gate(&KernelTable::silu_mul, silu); }
TEST(GeluTanhMul, MatchesDouble) { check_gate(&KernelTable::gelu_tanh_mul, gelu); }

TEST(SiluMul, NanComesThrough) {
  each_table([&](const KernelTable& table) {
    std::vector<float> gate(9, kNan), up(9, 1.0f), out(9);
    table.silu_mul(gate.data(), up.data(), 9, out.data());
    for (float v : out) EXPECT_TRUE(std::isnan(v));
  });
}

// An exponential's own edges, where 0 begins and where it grows no more, and NaN of any payload.
TEST(SiluMul, EdgesHaveTheBitsOfScalar) {
  std::vector<float> gate, up;
  for (float edge : {86.9f, 87.0f, 87.1f, 87.9f, 88.0f, 88.1f, 88.8f, 104.0f, 3e38f, kInf}) {
    for (float near : {std::nextafter(edge, 0.0f), edge, std::nextafter(edge, kInf)}) gate.insert(gate.end(), {near, -near});
  }
  for (uint32_t payload : {1u, 0x1ffu, 0x3fffffu}) gate.push_back(std::bit_cast<float>(0x7fc00000u | payload));
  up.assign(gate.size(), 1.0f);
  std::vector<float> scalar(gate.size()), out(gate.size());
  scalar_table().silu_mul(gate.data(), up.data(), gate.size(), scalar.data());
  each_table([&](const KernelTable& table) {
    table.silu_mul(gate.data(), up.data(), gate.size(), out.data());
    for (size_t i = 0; i < out.size(); ++i) {
      EXPECT_TRUE(std::isnan(scalar[i]) ? std::isnan(out[i]) : same(out[i], scalar[i])) << gate[i] << ": " << out[i] << ", " << scalar[i];
    }
  });
}

TEST(StoreKv, HeadsOfAnyWidthHaveTheBitsOfScalar) {
  Random random(16);
  for (uint32_t dim : {1u, 7u, 16u, 45u, 80u}) {
    const auto x = floats(random, dim, 1e5f);
    std::vector<std::byte> want(kv_row_bytes(KvType::kF16, dim)), got(want.size());
    scalar_table().store_kv(x.data(), dim, KvType::kF16, want.data());
    each_table([&](const KernelTable& table) {
      table.store_kv(x.data(), dim, KvType::kF16, got.data());
      EXPECT_EQ(got, want) << dim;
    });
  }
}

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

std::vector<float> rotated(std::vector<float> x, Rotation which) {
  rotate(x.data(), static_cast<uint32_t>(x.size()), which);
  return x;
}

TEST(Rotation, KeepsScoresAndIsUndone) {
  Random random(17);
  for (uint32_t dim : {32u, 64u, 96u, 128u, 160u, 256u, 512u, 1024u}) {
    const auto query = floats(random, dim), key = floats(random, dim);
    const auto stored = rotated(key, Rotation::kStored);
    const double norms = std::sqrt(dot(query, query) * dot(key, key));
    EXPECT_NEAR(dot(rotated(query, Rotation::kRead), stored), dot(query, key), 1e-6 * norms) << dim;
    const auto back = rotated(stored, Rotation::kRead);
    for (uint32_t i = 0; i < dim; ++i) EXPECT_NEAR(back[i], key[i], 1e-6 * std::sqrt(dot(key, key))) << dim << ", " << i;
  }
}

// Row i of the Hadamard matrix has the sign of the bits that i and the column share.
TEST(Rotation, IsHadamardsMatrixInNaturalOrder) {
  for (uint32_t dim : {32u, 64u, 128u, 256u}) {
    for (uint32_t one : {0u, 1u, 6u, 21u, dim - 1}) {
      std::vector<float> x(dim, 0.0f);
      x[one] = 3.0f;
      const auto stored = rotated(x, Rotation::kStored), read = rotated(x, Rotation::kRead);
      for (uint32_t i = 0; i < dim; ++i) {
        const bool negative = std::popcount(i & one) % 2 == 1;
        EXPECT_EQ(std::signbit(stored[i]), negative) << dim << ": " << one << ", " << i;
        EXPECT_EQ(stored[i] * read[i] * static_cast<float>(dim), 9.0f) << dim << ": " << one << ", " << i;
      }
    }
  }
}

// One large column in 64: what 8 bits lose of the others.
TEST(Rotation, MakesEightBitsLoseLess) {
  Random random(18);
  auto x = floats(random, 64);
  x[20] = 40.0f;
  const auto lost = [](const std::vector<float>& values, bool turned) {
    auto given = turned ? rotated(values, Rotation::kStored) : values;
    std::vector<std::byte> row(kv_row_bytes(KvType::kQ8_0, 64));
    scalar_table().store_kv(given.data(), 64, KvType::kQ8_0, row.data());
    scalar_table().load_kv(row.data(), 64, KvType::kQ8_0, given.data());
    if (turned) rotate(given.data(), 64, Rotation::kRead);
    for (size_t i = 0; i < 64; ++i) given[i] -= values[i];
    return std::sqrt(dot(given, given));
  };
  EXPECT_LT(lost(x, true), 0.7 * lost(x, false));
}

TEST(AddScale, AreExact) {
  Random random(6);
  for (size_t n : kLengths) {
    const auto a = floats(random, n), b = floats(random, n);
    each_table([&](const KernelTable& table) {
      std::vector<float> sum = a, scaled = a;
      table.add(sum.data(), b.data(), n, sum.data());
      table.scale(scaled.data(), 1.7f, n);
      for (size_t i = 0; i < n; ++i) {
        EXPECT_EQ(sum[i], a[i] + b[i]);
        EXPECT_EQ(scaled[i], a[i] * 1.7f);
      }
    });
  }
}

TEST(SoftCap, MatchesDouble) {
  Random random(7);
  for (size_t n : kLengths) {
    auto x = floats(random, n, 40.0f);
    for (size_t i = 0; i < n; i += 3) x[i] *= 1e-3f;
    if (n > 20) x[0] = 1e30f, x[1] = -1e30f, x[2] = 0.0f, x[3] = kInf, x[4] = -kInf, x[5] = 1e-35f;
    std::vector<float> scalar = x;
    scalar_table().soft_cap(scalar.data(), 30.0f, n);
    each_table([&](const KernelTable& table) {
      std::vector<float> out = x;
      table.soft_cap(out.data(), 30.0f, n);
      for (size_t i = 0; i < n; ++i) {
        const double want = 30.0 * std::tanh(double{x[i]} / 30.0);
        ASSERT_NEAR(out[i], want, 5e-7 * std::fabs(want)) << x[i];
      }
      expect_bits_of_scalar(out, scalar);
    });
  }
}

TEST(Argmax, SmallestIndexOnTiesNanIsNothing) {
  Random random(8);
  each_table([&](const KernelTable& table) {
    for (size_t n : {1, 2, 7, 8, 9, 15, 16, 17, 40, 262'144}) {
      auto x = floats(random, n);
      for (int round = 0; round < 20; ++round) {
        const size_t first = random() % n, second = random() % n;
        x[first] = x[second] = 10.0f + static_cast<float>(round);
        EXPECT_EQ(table.argmax(x.data(), n), std::min(first, second)) << n;
      }
      for (float& v : x) v = kNan;
      EXPECT_EQ(table.argmax(x.data(), n), 0u);
      for (float& v : x) v = -kInf;
      EXPECT_EQ(table.argmax(x.data(), n), 0u);
      x[0] = kNan;
      x[n - 1] = -1e30f;
      EXPECT_EQ(table.argmax(x.data(), n), n - 1);
    }
  });
}

TEST(LogSumExp, MatchesDouble) {
  Random random(9);
  for (size_t n : {1, 5, 8, 13, 1000, 49'152}) {
    const auto x = floats(random, n, 10.0f);
    double largest = x[0], sum = 0;
    for (float v : x) largest = std::max(largest, double{v});
    for (float v : x) sum += std::exp(v - largest);
    const double want = largest + std::log(sum), scalar = scalar_table().log_sum_exp(x.data(), n);
    each_table([&](const KernelTable& table) {
      const double got = table.log_sum_exp(x.data(), n);
      EXPECT_NEAR(got, want, 3e-7);
      EXPECT_EQ(got, scalar);
    });
  }
}

TEST(LogSumExp, Edges) {
  each_table([&](const KernelTable& table) {
    std::vector<float> x(19, -kInf);
    EXPECT_EQ(table.log_sum_exp(x.data(), x.size()), -kInf);
    x[17] = 2.5f;
    EXPECT_NEAR(table.log_sum_exp(x.data(), x.size()), 2.5, 1e-12);
    x[3] = kInf;
    EXPECT_EQ(table.log_sum_exp(x.data(), x.size()), kInf);
    x[3] = kNan;
    EXPECT_TRUE(std::isnan(table.log_sum_exp(x.data(), x.size())));
  });
}

}  // namespace
}  // namespace slm::kernels::test
